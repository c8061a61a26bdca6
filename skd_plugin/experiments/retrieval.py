"""How well a trained encoder finds translations, sentence by sentence."""

from typing import Dict, Tuple

import numpy as np
import torch
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Field, Instance
from allennlp.data.fields import MetadataField
from allennlp.models import Archive
from more_itertools import chunked
from torch import Tensor

from skd_plugin.experiments.evaluation import BATCH_SIZE, Counts, reader_config
from skd_plugin.metrics import find_translations
from skd_plugin.models import MmkdEncoder

SIDES = ("pivot", "other")


class Embeddings:
    """
    The embeddings of sentences by an encoder, each computed once, however many translations it has.

    # Parameters

    archive : `Archive`
        Of an `mmkd_encoder`.
    """

    def __init__(self, archive: Archive) -> None:
        if not isinstance(archive.model, MmkdEncoder):
            raise ConfigurationError(
                f"p_at_1: expected encoders (mmkd_encoder), got {type(archive.model).__name__}"
            )
        self._archive = archive
        self._known: Dict[Tuple[str, ...], np.ndarray] = {}

    def __call__(self, language: str, path: str) -> Tuple[Tensor, Tensor]:
        """
        Of both sides of the pairs of a file, in its order, shapes (num_pairs, sentence_dim).

        # Raises

        `ConfigurationError` for a file with less than two pairs.
        """
        reader = _reader(self._archive, language)
        pairs = list(reader.read(path))
        if len(pairs) < 2:
            raise ConfigurationError(f"{path}: expected at least two pairs, found {len(pairs)}")
        fields = [{_words(pair[side]): pair[side] for pair in pairs} for side in SIDES]
        self._add({**fields[0], **fields[1]}, reader, language)
        pivot, other = (
            torch.tensor(np.stack([self._known[_words(pair[side])] for pair in pairs]))
            for side in SIDES
        )
        return pivot, other

    def _add(
        self, fields: Dict[Tuple[str, ...], Field], reader: DatasetReader, language: str
    ) -> None:
        """Those that are not known; of a length together, so that little is padded."""
        new = sorted(set(fields) - set(self._known), key=lambda words: (len(words), words))
        for batch in Tqdm.tqdm(chunked(new, BATCH_SIZE), desc=f"evaluating {language}"):
            instances = [
                Instance({"pivot": fields[words], "metadata": MetadataField({})}) for words in batch
            ]
            for instance in instances:
                reader.apply_token_indexers(instance)
            outputs = self._archive.model.forward_on_instances(instances)
            for words, output in zip(batch, outputs):
                self._known[words] = output["pivot_embedding"]


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
    embeddings = Embeddings(archive)
    archive.model.eval()
    return {
        (split, language): _count(*embeddings(language, path))
        for split, paths in evaluation.items()
        for language, path in paths.items()
    }


def translations(evaluation: Dict[str, Dict[str, str]]) -> Dict[Tuple[str, str], str]:
    """
    By split and language of an evaluation (as above) a name that all have in common which are read from one parallel
    file: `<split>/<language>` of the first of them, wherever the file lies.
    """
    names: Dict[str, str] = {}
    return {
        (split, language): names.setdefault(path, f"{split}/{language}")
        for split, paths in evaluation.items()
        for language, path in paths.items()
    }


def _count(pivot: Tensor, other: Tensor) -> np.ndarray:
    """Shape (num_pairs, 3)."""
    found = find_translations(pivot, other)
    right = torch.stack([(ranks.better + ranks.equal == 0) for ranks in found]).sum(dim=0)
    both = torch.full_like(right, len(SIDES))
    counts: np.ndarray = torch.stack([right, both, both], dim=1).numpy()
    return counts


def _words(field: Field) -> Tuple[str, ...]:
    return tuple(token.text for token in field.tokens)  # type: ignore[attr-defined]


def _reader(archive: Archive, language: str) -> DatasetReader:
    config = reader_config(archive)
    pivot, _, other = language.rpartition("-")
    config["languages"] = [other]
    if pivot:
        config["pivot"] = pivot
    config.pop("max_instances", None)
    return DatasetReader.from_params(config)
