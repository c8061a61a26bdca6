"""How well a trained encoder finds translations, sentence by sentence."""

from typing import Dict, List, Tuple

import numpy as np
import torch
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader
from allennlp.models import Archive
from more_itertools import chunked
from torch import Tensor

from skd_plugin.experiments.evaluation import BATCH_SIZE, Counts, reader_config
from skd_plugin.metrics import find_translations
from skd_plugin.models import MmkdEncoder

SIDES = ("pivot", "other")


def evaluate_retrieval(archive: Archive, evaluation: Dict[str, Dict[str, str]]) -> Counts:
    """
    # Parameters

    archive : `Archive`
        Of an `mmkd_encoder`.
    evaluation : `Dict[str, Dict[str, str]]`
        By split and language the parallel file, all of whose sentences are candidates: "de" is searched from the pivot
        language of training and for it, "de-fr" are two languages without the pivot.

    # Returns

    By (split, language) integers of shape (num_pairs, 3): how many of both searches, from either side for the other,
    find the translation before all others (by cosine), 2, and 2. So their score is the precision at 1. Where another
    sentence is exactly as near, it is not found.
    """
    if not isinstance(archive.model, MmkdEncoder):
        raise ConfigurationError(
            f"p_at_1: expected encoders (mmkd_encoder), got {type(archive.model).__name__}"
        )
    archive.model.eval()
    return {
        (split, language): _count(archive, language, path)
        for split, paths in evaluation.items()
        for language, path in paths.items()
    }


def embeddings(archive: Archive, language: str, path: str) -> Tuple[Tensor, Tensor]:
    """
    Of both sides of the pairs of a file in its order, shapes (num_pairs, sentence_dim). Parameters as above.

    # Raises

    `ConfigurationError` for a file with less than two pairs.
    """
    reader = _reader(archive, language)
    pairs = list(reader.read(path))
    if len(pairs) < 2:
        raise ConfigurationError(f"{path}: expected at least two pairs, found {len(pairs)}")
    for pair in pairs:
        reader.apply_token_indexers(pair)
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index]["pivot"]))  # type: ignore[arg-type]
    outputs: List[Dict[str, np.ndarray]] = [{} for _ in pairs]
    for batch in Tqdm.tqdm(chunked(order, BATCH_SIZE), desc=f"evaluating {language}"):
        found = archive.model.forward_on_instances([pairs[index] for index in batch])
        for index, output in zip(batch, found):
            outputs[index] = output
    pivot, other = (
        torch.tensor(np.stack([output[f"{side}_embedding"] for output in outputs]))
        for side in SIDES
    )
    return pivot, other


def _count(archive: Archive, language: str, path: str) -> np.ndarray:
    """Shape (num_pairs, 3)."""
    found = find_translations(*embeddings(archive, language, path))
    right = torch.stack([(ranks.better + ranks.equal == 0) for ranks in found]).sum(dim=0)
    both = torch.full_like(right, len(SIDES))
    counts: np.ndarray = torch.stack([right, both, both], dim=1).numpy()
    return counts


def _reader(archive: Archive, language: str) -> DatasetReader:
    config = reader_config(archive)
    pivot, _, other = language.rpartition("-")
    config["languages"] = [other]
    if pivot:
        config["pivot"] = pivot
    config.pop("max_instances", None)
    return DatasetReader.from_params(config)
