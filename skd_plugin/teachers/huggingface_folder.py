"""Folders where `save_pretrained` of Hugging Face transformers has left a model and its tokenizer."""

import os
import re
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError

from skd_plugin.teachers.hashing import hash_content, hash_together

MOST_PIECES = 512
_READ_BY_TEACHER = re.compile(
    r"config\.json|(pytorch_)?model.*\.(bin|safetensors|index\.json)|tokenizer.*\.json|special_tokens_map\.json"
    r"|added_tokens\.json|vocab\.(txt|json)|merges\.txt|.*\.model"
)


def check_folder(folder: str, kind: str = "a token classifier") -> None:
    """`ConfigurationError` if there is no such folder."""
    if not os.path.exists(os.path.join(folder, "config.json")):
        raise ConfigurationError(
            f"{folder}: expected a folder with the config.json of {kind}, as save_pretrained leaves it"
        )


def hash_folder(folder: str, kind: str = "a token classifier") -> str:
    """Of all that a model and its tokenizer are read from; not of the path."""
    check_folder(folder, kind)
    hashes = {}
    for name in filter(_READ_BY_TEACHER.fullmatch, os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            hashes[name] = hash_content(file)
    return hash_together(hashes)


def most_pieces(config: Any, tokenizer: Any, max_length: Optional[int] = None) -> int:
    """How many pieces a model reads at once, with special ones: `max_length`, else 512, or fewer if need be."""
    positions = getattr(config, "max_position_embeddings", -1)
    if getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "camembert"):
        positions -= config.pad_token_id + 1  # positions are counted from behind that of padding
    limits = [max_length or MOST_PIECES, positions, tokenizer.model_max_length]
    return int(min(limit for limit in limits if limit > 0))
