"""Languages by smoothed shares, and unlabelled sentences in a ratio to labelled ones."""

import logging
import math
import random
from collections import defaultdict
from itertools import chain
from typing import Dict, Iterable, Iterator, List, Optional, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.samplers import BatchSampler
from more_itertools import chunked

from skd_plugin.dataset_readers.sentence import is_labeled
from skd_plugin.samplers.quotas import drawn

logger = logging.getLogger(__name__)


@BatchSampler.register("smoothed_languages")
class SmoothedLanguagesSampler(BatchSampler):
    """
    Draws sentences of a language with a probability proportional to share^exponent (Conneau and Lample, 2019), and
    unlabelled sentences in a stated ratio to labelled ones.

    An epoch has as many labelled sentences as there are, and `unlabeled_ratio` times as many unlabelled ones; each of
    the two is divided among its languages by size^exponent. The sentences of a language are drawn as evenly as
    possible: whole passes, and then some at random, other ones each epoch. All are shuffled together. With the defaults
    every sentence comes once an epoch.

    It is for training: give `validation_data_loader` a plain `batch_size`, or AllenNLP evaluates with this one.

    A data loader with `max_instances_in_memory` asks for such batches of one chunk after another: let the reader
    `interleave`, so that every chunk has all languages. Sentences of a stock reader are of the language "und".

    # Parameters

    batch_size : `int`
    exponent : `float`, optional (default = `1.0`)
        From 0, all languages alike, to 1, as the data are; 0.7 is usual.
    unlabeled_ratio : `float`, optional (default = `None`)
        Unlabelled sentences for each labelled one, in an epoch; `None`, or no labelled sentence at all, takes as many
        as there are. Of a language whose part of them rounds to 0 none is drawn.
    drop_last : `bool`, optional (default = `False`)
        Drop the last batch if it is smaller than `batch_size`.
    padding_noise : `float`, optional (default = `None`)
        Put sentences of like length into a batch, so that little is padded, by lengths that are changed at random by up
        to this part of them, and shuffle the batches: as AllenNLP's `bucket`. `None` does not look at lengths.
    """

    def __init__(
        self,
        batch_size: int,
        exponent: float = 1.0,
        unlabeled_ratio: Optional[float] = None,
        drop_last: bool = False,
        padding_noise: Optional[float] = None,
    ) -> None:
        if batch_size < 1:
            raise ConfigurationError(f"batch_size: expected 1 or more, got {batch_size}")
        if not 0 <= exponent <= 1:
            raise ConfigurationError(f"exponent: expected 0 to 1, got {exponent}")
        if unlabeled_ratio is not None and not 0 <= unlabeled_ratio < math.inf:
            raise ConfigurationError(f"unlabeled_ratio: expected 0 or more, got {unlabeled_ratio}")
        if padding_noise is not None and not 0 <= padding_noise < 1:
            raise ConfigurationError(
                f"padding_noise: expected 0 or more and less than 1, got {padding_noise}"
            )
        self._batch_size = batch_size
        self._exponent = exponent
        self._unlabeled_ratio = unlabeled_ratio
        self._drop_last = drop_last
        self._padding_noise = padding_noise
        self._warned = False

    def get_batch_indices(self, instances: Sequence[Instance]) -> Iterable[List[int]]:
        draws = list(self._draws(instances))
        random.shuffle(draws)
        if self._padding_noise is not None:
            draws.sort(key=lambda index: self._noisy_length(instances[index]))
        batches = list(chunked(draws, self._batch_size))
        if self._drop_last and batches and len(batches[-1]) < self._batch_size:
            batches.pop()
        if self._padding_noise is not None:
            random.shuffle(batches)
        yield from batches

    def _noisy_length(self, instance: Instance) -> float:
        assert self._padding_noise is not None
        noise = random.uniform(-self._padding_noise, self._padding_noise)
        return len(instance.fields["tokens"]) * (1 + noise)  # type: ignore[arg-type]

    def get_num_batches(self, instances: Sequence[Instance]) -> int:
        num_labeled = sum(is_labeled(instance) for instance in instances)
        num_unlabeled = self._num_unlabeled(num_labeled, len(instances) - num_labeled)
        num_batches = (num_labeled + num_unlabeled) / self._batch_size
        return math.floor(num_batches) if self._drop_last else math.ceil(num_batches)

    def get_batch_size(self) -> Optional[int]:
        return self._batch_size

    def _draws(self, instances: Sequence[Instance]) -> Iterator[int]:
        """The indices of an epoch's sentences, one language after another."""
        labeled: Dict[str, List[int]] = defaultdict(list)
        unlabeled: Dict[str, List[int]] = defaultdict(list)
        for index, instance in enumerate(instances):
            part = labeled if is_labeled(instance) else unlabeled
            part[language_of(instance)].append(index)
        num_labeled = sum(map(len, labeled.values()))
        yield from chain(*drawn(num_labeled, labeled, self._exponent).values())
        num_unlabeled = sum(map(len, unlabeled.values()))
        self._check_ratio(num_labeled, num_unlabeled)
        total = self._num_unlabeled(num_labeled, num_unlabeled)
        yield from chain(*drawn(total, unlabeled, self._exponent).values())

    def _num_unlabeled(self, num_labeled: int, num_present: int) -> int:
        """How many unlabelled sentences an epoch has."""
        if self._unlabeled_ratio is None or not num_labeled or not num_present:
            return num_present
        return math.floor(self._unlabeled_ratio * num_labeled + 0.5)

    def _check_ratio(self, num_labeled: int, num_unlabeled: int) -> None:
        if self._unlabeled_ratio and not (num_labeled and num_unlabeled) and not self._warned:
            logger.warning(
                "smoothed_languages: unlabeled_ratio has no effect on %d labelled and %d unlabelled sentences",
                num_labeled,
                num_unlabeled,
            )
            self._warned = True


def language_of(instance: Instance) -> str:
    """Of a sentence, or of the other side of a pair; a stock reader does not say."""
    metadata = instance.fields.get("metadata")
    return metadata.get("language", "und") if metadata is not None else "und"  # type: ignore[attr-defined]
