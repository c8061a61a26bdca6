"""Whether an export computes what its archive does."""

import random
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch
from allennlp.models import Archive
from torch import Tensor

from skd_plugin.serving.onnx_tagger import OnnxTagger

TOLERANCE = 1e-3
"""How far logits may be apart: far more than what is lost by another order of additions, far less than any mistake."""

LENGTHS = [1, 2, 3, 5, 8, 13, 21]


def torch_outputs(archive: Archive, sentences: Sequence[Sequence[str]]) -> Dict[str, Any]:
    """What the model of an archive gives for sentences, with `mask` and `scores` of the best paths."""
    reader = archive.validation_dataset_reader
    instances = [reader.text_to_instance(list(words)) for words in sentences]
    for instance in instances:
        reader.apply_token_indexers(instance)
    batch = Batch(instances)
    batch.index_instances(archive.model.vocab)
    with torch.no_grad():
        output = archive.model.eval()(**batch.as_tensor_dict())
        paths, scores = archive.model.chain(output["logits"], output["mask"]).argmax()  # type: ignore[operator]
    return {**output, "paths": paths, "scores": scores}


def check_parity(archive: Archive, folder: Path) -> None:
    """
    Tags random words of the vocabulary by both.

    # Raises

    `ConfigurationError` if logits differ.
    """
    sentences = _sentences(archive)
    tagger = OnnxTagger(folder, threads=1)
    expected = torch_outputs(archive, sentences)
    found = tagger.run(tagger.prepare(sentences))["logits"]
    distance = largest_difference(expected["logits"], found, expected["mask"])
    if not distance <= TOLERANCE:
        raise ConfigurationError(
            f"export: expected the logits of the archive, got others, as far as {distance:.2g} apart; does its reader "
            "change words, or one of its modules compute in a way of its own?"
        )


def largest_difference(expected: Tensor, found: np.ndarray, mask: Tensor) -> float:
    """Over all tokens; shapes (batch_size, num_tokens, num_tags), and (batch_size, num_tokens) of the mask."""
    if tuple(expected.shape) != found.shape:
        return float("inf")
    return float((expected - torch.tensor(found))[mask].abs().max())


def _sentences(archive: Archive) -> List[List[str]]:
    """Random words, as far as the vocabulary has any, and others."""
    generator = random.Random(0)
    vocab, namespace = archive.model.vocab, archive.model.label_namespace  # type: ignore[union-attr]
    words = [
        word
        for name in sorted(vocab.get_namespaces())
        if name != namespace
        for word in vocab.get_token_to_index_vocabulary(name)  # type: ignore[arg-type]
        if not word.startswith("@@")
    ]
    words = sorted(words)[:10_000] + ["Zürich", "OTTAWA", "naïve", "2021", "."]
    return [[generator.choice(words) for _ in range(length)] for length in LENGTHS]
