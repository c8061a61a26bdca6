"""Accuracy and span F1 of every language, and macro over languages."""

from collections import defaultdict
from typing import Any, Dict, List, Sequence

import numpy as np
import torch.distributed as dist
from allennlp.common.util import is_distributed
from allennlp.training.metrics import Metric

from skd_plugin.dataset_readers.tag_encodings import tags_to_spans


class MultilingualMetric(Metric):
    """
    Counts per language, and what follows from the counts.

    The mean over languages (`macro_...`) has a plain name; a language's own (`_en_...`) begins with an underscore,
    which keeps it out of AllenNLP's progress bar. Under distributed training counts are summed over processes when
    the metric is reset, which is at the end of an epoch; between, each process shows its own.
    """

    def __init__(self) -> None:
        self._counts: Dict[str, np.ndarray] = {}
        self.reset()

    def __call__(  # type: ignore[override]
        self, language: str, predicted: Sequence[str], gold: Sequence[str]
    ) -> None:
        """Counts one sentence: its predicted and gold tags, of equal length."""
        if len(predicted) != len(gold):
            raise ValueError(f"got {len(predicted)} predicted tags and {len(gold)} gold ones")
        self._counts[language] = self._counts[language] + self.count(predicted, gold)

    def count(self, predicted: Sequence[str], gold: Sequence[str]) -> np.ndarray:
        """The counts of one sentence."""
        raise NotImplementedError

    def values(self, counts: np.ndarray) -> Dict[str, float]:
        """The named values that follow from counts."""
        raise NotImplementedError

    def get_metric(self, reset: bool = False) -> Dict[str, float]:
        """Per language and macro; empty before the first sentence."""
        counts = dict(self._counts)
        if reset:
            counts = _sum_over_processes(counts)
            self.reset()
        return by_language_and_macro(
            {language: self.values(counts[language]) for language in sorted(counts)}
        )

    def reset(self) -> None:
        """Forgets all counts."""
        self._counts = defaultdict(lambda: np.zeros(3, dtype=np.int64))


class TagAccuracy(MultilingualMetric):
    """The share of tokens with the right tag, or texts with the right label: `macro_accuracy`, `_en_accuracy`, ..."""

    def count(self, predicted: Sequence[str], gold: Sequence[str]) -> np.ndarray:
        right = sum(one == other for one, other in zip(predicted, gold))
        return np.array([right, len(predicted), len(gold)])

    def values(self, counts: np.ndarray) -> Dict[str, float]:
        return {"accuracy": _ratio(counts[0], counts[2])}


class SpanF1(MultilingualMetric):
    """
    Precision, recall and F1 of labelled spans as seqeval (and conlleval) count them, micro within a language:
    `macro_f1`, `_en_precision`, ...

    # Parameters

    label_encoding : `str`
        Of the tags: "BIO", "BIOUL", "IOB1" or "BMES".
    """

    def __init__(self, label_encoding: str) -> None:
        super().__init__()
        self._label_encoding = label_encoding

    def count(self, predicted: Sequence[str], gold: Sequence[str]) -> np.ndarray:
        found, true = self._spans(predicted), self._spans(gold)
        return np.array([len(found & true), len(found), len(true)])

    def values(self, counts: np.ndarray) -> Dict[str, float]:
        right, found, true = counts
        return {
            "precision": _ratio(right, found),
            "recall": _ratio(right, true),
            "f1": _ratio(2 * right, found + true),
        }

    def _spans(self, tags: Sequence[str]) -> set:
        return set(tags_to_spans(tags, self._label_encoding, strict=False))


def by_language_and_macro(values: Dict[str, Dict[str, float]]) -> Dict[str, float]:
    """The named values of each language, as `_en_f1`, and their means over languages, as `macro_f1`."""
    metrics = {
        f"_{language}_{name}": value
        for language, of_language in values.items()
        for name, value in of_language.items()
    }
    for name in next(iter(values.values()), {}):
        of_name = [of_language[name] for of_language in values.values()]
        metrics[f"macro_{name}"] = float(np.mean(of_name))
    return metrics


def _ratio(numerator: Any, denominator: Any) -> float:
    return float(numerator / denominator) if denominator else 0.0


def _sum_over_processes(counts: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    if not is_distributed():
        return counts
    of_all: List[Dict[str, np.ndarray]] = [{} for _ in range(dist.get_world_size())]
    dist.all_gather_object(of_all, counts)
    total: Dict[str, np.ndarray] = {}
    for part in of_all:
        for language, count in part.items():
            total[language] = total.get(language, 0) + count
    return total
