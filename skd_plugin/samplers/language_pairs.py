"""Batches of parallel text of one pair of languages."""

import math
import random
from collections import defaultdict
from typing import Dict, Iterable, List, Optional, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.samplers import BatchSampler
from more_itertools import divide

from skd_plugin.samplers.quotas import divided, drawn
from skd_plugin.samplers.smoothed_languages import language_of


@BatchSampler.register("language_pairs")
class LanguagePairsSampler(BatchSampler):
    """
    Batches of sentence pairs that are all of the same two languages, a pair of languages being drawn with a probability
    proportional to share^exponent (Conneau and Lample, 2019). So what a batch is compared with is never told apart by
    its language.

    An epoch draws as many sentence pairs as there are. Those of a language are drawn as evenly as possible: whole
    passes, and then some at random, other ones each epoch. Its batches differ in size by one at most, so that none is
    left with a single pair that has nothing to be compared with.

    It is for training: give `validation_data_loader` a plain `batch_size`.

    # Parameters

    batch_size : `int`
        Of the largest batches.
    exponent : `float`, optional (default = `0.7`)
        From 0, all languages alike, to 1, as the data are.
    """

    def __init__(self, batch_size: int, exponent: float = 0.7) -> None:
        if batch_size < 1:
            raise ConfigurationError(f"batch_size: expected 1 or more, got {batch_size}")
        if not 0 <= exponent <= 1:
            raise ConfigurationError(f"exponent: expected 0 to 1, got {exponent}")
        self._batch_size = batch_size
        self._exponent = exponent

    def get_batch_indices(self, instances: Sequence[Instance]) -> Iterable[List[int]]:
        batches: List[List[int]] = []
        for draws in drawn(len(instances), _by_language(instances), self._exponent).values():
            random.shuffle(draws)
            batches += map(list, divide(math.ceil(len(draws) / self._batch_size), draws))
        random.shuffle(batches)
        yield from batches

    def get_num_batches(self, instances: Sequence[Instance]) -> int:
        groups = _by_language(instances)
        sizes = [len(groups[language]) for language in sorted(groups)]
        quotas = divided(len(instances), sizes, self._exponent)
        return sum(math.ceil(quota / self._batch_size) for quota in quotas)

    def get_batch_size(self) -> Optional[int]:
        return self._batch_size


def _by_language(instances: Sequence[Instance]) -> Dict[str, List[int]]:
    groups: Dict[str, List[int]] = defaultdict(list)
    for index, instance in enumerate(instances):
        groups[language_of(instance)].append(index)
    return groups
