"""Whether translations are found, by language."""

from collections import defaultdict
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
import torch.distributed as dist
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import is_distributed
from allennlp.training.metrics import Metric
from torch import Tensor

from skd_plugin.metrics.retrieval_ranks import find_translations

_Sides = List[Tuple[Tensor, Tensor]]


class CrossLingualRetrieval(Metric):
    """
    How often the sentence nearest to a translation is the one that it translates (precision at 1), and the mean
    reciprocal rank of that, by cosine and by CSLS, from the pivot language to each other one and back.

    `_de_from_pivot_cosine_p_at_1`, `_de_to_pivot_csls_mrr` and so on; `macro_cosine_p_at_1`, `macro_csls_mrr` and so on
    are the means over languages and both directions. All are known when the metric is reset, at the end of the data,
    which are the candidates; before there are none. Embeddings are held in memory until then.

    # Parameters

    csls_neighbors : `int`, optional (default = `10`)
        As published.
    """

    def __init__(self, csls_neighbors: int = 10) -> None:
        if csls_neighbors < 1:
            raise ConfigurationError(f"csls_neighbors: expected 1 or more, got {csls_neighbors}")
        self._neighbors = {"cosine": None, "csls": csls_neighbors}
        self._pairs: Dict[str, _Sides] = defaultdict(list)

    def __call__(self, language: str, pivot: Tensor, other: Tensor) -> None:  # type: ignore[override]
        """Counts pairs of a language; embeddings of both sides, shape (num_pairs, dim)."""
        self._pairs[language].append((pivot.detach().cpu(), other.detach().cpu()))

    def get_metric(self, reset: bool = False) -> Dict[str, float]:
        if not reset:
            return {}
        pairs = _of_all_processes(dict(self._pairs))
        self.reset()
        metrics: Dict[str, float] = {}
        by_name: Dict[str, List[float]] = defaultdict(list)
        for language in sorted(pairs):
            for (direction, name), value in self._values(pairs[language]).items():
                metrics[f"_{language}_{direction}_{name}"] = value
                by_name[name].append(value)
        for name, values in by_name.items():
            metrics[f"macro_{name}"] = float(np.mean(values))
        return metrics

    def reset(self) -> None:
        """Forgets all pairs."""
        self._pairs = defaultdict(list)

    def _values(self, pairs: _Sides) -> Dict[Tuple[str, str], float]:
        pivot, other = (torch.cat(sides) for sides in zip(*pairs))
        values = {}
        for similarity, neighbors in self._neighbors.items():
            found = find_translations(pivot, other, neighbors)
            for direction, ranks in zip(("from_pivot", "to_pivot"), found):
                precision, rank = ranks.precision_at_1.mean(), ranks.reciprocal_rank.mean()
                values[direction, f"{similarity}_p_at_1"] = float(precision)
                values[direction, f"{similarity}_mrr"] = float(rank)
        return values


def _of_all_processes(pairs: Dict[str, _Sides]) -> Dict[str, _Sides]:
    if not is_distributed():
        return pairs
    gathered: List[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, pairs)
    together: Dict[str, _Sides] = defaultdict(list)
    for part in gathered:
        for language, sides in part.items():
            together[language] += sides
    return together
