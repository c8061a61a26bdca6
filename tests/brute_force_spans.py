"""Semi-Markov models by enumeration of all segmentations, in plain Python: the dynamic programs' slow twins."""

import math
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from hypothesis import strategies as st
from torch import Tensor

from skd_plugin.structures import Segmentations, SemiMarkov, SpanTags

Segment = Tuple[int, int, int]
"""Start, width and label, which is -1 outside spans."""
Segmentation = Tuple[Segment, ...]
Path = Tuple[int, ...]


class BruteForceSpans:
    """
    One sentence's model, whose possible segmentations are all written out.

    # Parameters

    span_scores : `List[List[List[float]]]`
        Shape (num_tokens, max_width, num_labels), without padding; all scores may be -inf.
    outside_scores : `List[float]`
        Shape (num_tokens,).
    """

    def __init__(self, span_scores: List[List[List[float]]], outside_scores: List[float]) -> None:
        self.num_tokens = len(outside_scores)
        self.max_width, self.num_labels = len(span_scores[0]), len(span_scores[0][0])
        self._span_scores, self._outside_scores = span_scores, outside_scores
        self.scores: Dict[Segmentation, float] = {}
        for segmentation in self._all(0):
            score = math.fsum(self._score(segment) for segment in segmentation)
            if score > -math.inf:
                self.scores[segmentation] = score

    def _score(self, segment: Segment) -> float:
        start, width, label = segment
        if label < 0:
            return self._outside_scores[start]
        return self._span_scores[start][width - 1][label]

    def _all(self, start: int) -> Iterator[Segmentation]:
        if start == self.num_tokens:
            yield ()
            return
        segments = [(start, 1, -1)]
        for width in range(1, min(self.max_width, self.num_tokens - start) + 1):
            segments += [(start, width, label) for label in range(self.num_labels)]
        for segment in segments:
            if self._score(segment) > -math.inf:
                for rest in self._all(start + segment[1]):
                    yield (segment, *rest)

    def log_partition(self) -> float:
        """log sum exp of all scores; the largest is taken out first."""
        largest = max(self.scores.values())
        return largest + math.log(math.fsum(math.exp(s - largest) for s in self.scores.values()))

    def probabilities(self) -> Dict[Segmentation, float]:
        """p(segmentation) of every possible one."""
        log_partition = self.log_partition()
        return {one: math.exp(score - log_partition) for one, score in self.scores.items()}

    def span_marginals(self) -> Tensor:
        """p(there is this span), shape (num_tokens, max_width, num_labels)."""
        marginals = torch.zeros(self.num_tokens, self.max_width, self.num_labels).double()
        for segmentation, probability in self.probabilities().items():
            for start, width, label in segmentation:
                if label >= 0:
                    marginals[start, width - 1, label] += probability
        return marginals

    def outside_marginals(self) -> Tensor:
        """p(the token is outside), shape (num_tokens,)."""
        marginals = torch.zeros(self.num_tokens).double()
        for segmentation, probability in self.probabilities().items():
            for start, _, label in segmentation:
                if label < 0:
                    marginals[start] += probability
        return marginals

    def entropy(self) -> float:
        """-sum p log p in nats."""
        return -math.fsum(p * math.log(p) for p in self.probabilities().values() if p > 0)

    def top_k(self, k: int) -> List[float]:
        """The scores of the min(k, number of possible segmentations) best, best first."""
        return sorted(self.scores.values(), reverse=True)[:k]

    def paths(self, tags: SpanTags) -> Dict[Path, Segmentation]:
        """The tag path of every possible segmentation that can be written."""
        written = {tag_path(segmentation, tags): segmentation for segmentation in self.scores}
        return {path: segmentation for path, segmentation in written.items() if -1 not in path}


def tag_path(segmentation: Segmentation, tags: SpanTags) -> Path:
    """The tags of a segmentation; -1 where the tag is lacking."""
    path: List[int] = []
    for _, width, label in segmentation:
        if label < 0:
            path.append(tags.outside)
        elif width == 1:
            path.append(int(tags.unit[label]))
        else:
            middle = [int(tags.inside[label])] * (width - 2)
            path += [int(tags.begin[label]), *middle, int(tags.last[label])]
    return tuple(path)


def read(segmentations: Segmentations, *place: int) -> Segmentation:
    """One segmentation of a batch."""
    widths, labels = segmentations.widths[place].tolist(), segmentations.labels[place].tolist()
    return tuple(
        (start, width, label) for start, (width, label) in enumerate(zip(widths, labels)) if width
    )


class SpanInputs(NamedTuple):
    """What a batch of semi-Markov models is made of, in double precision; shapes as in `SemiMarkov`."""

    span_scores: Tensor
    outside_scores: Tensor
    mask: Tensor

    def spans(self, dtype: torch.dtype = torch.float64) -> SemiMarkov:
        """The dynamic programs' model."""
        return SemiMarkov(self.span_scores.to(dtype), self.outside_scores.to(dtype), self.mask)

    def sentences(self) -> List[BruteForceSpans]:
        """The enumerated twins, one a sentence."""
        return [
            BruteForceSpans(spans[mask].tolist(), outside[mask].tolist())
            for spans, outside, mask in zip(*self)
        ]


def random_span_inputs(
    lengths: Sequence[int],
    max_width: int,
    num_labels: int,
    seed: int = 0,
    forbidden: float = 0.0,
    ties: bool = False,
    scale: float = 2.0,
    num_tokens: Optional[int] = None,
) -> SpanInputs:
    """
    Random models; every sentence has a possible segmentation, and what lies outside the sentences is NaN.

    # Parameters

    lengths : `Sequence[int]`
        Of the sentences.
    forbidden : `float`, optional (default = `0.0`)
        The share of scores that are -inf.
    ties : `bool`, optional (default = `False`)
        Whether scores are small integers, so that many segmentations score alike.
    num_tokens : `int`, optional (default = the longest length)
        With padding.
    """
    generator = torch.Generator().manual_seed(seed)

    def scores(*shape: int) -> Tensor:
        values = scale * torch.randn(*shape, generator=generator, dtype=torch.float64)
        if ties:
            values = values.div(scale).round()
        banned = torch.rand(*shape, generator=generator) < forbidden
        return values.masked_fill(banned, -math.inf)

    size = num_tokens or max(lengths)
    spans, outside = scores(len(lengths), size, max_width, num_labels), scores(len(lengths), size)
    mask = torch.arange(size) < torch.tensor(lengths).unsqueeze(1)
    for row, length in enumerate(lengths):
        start = 0
        while start < length:
            most = min(max_width, length - start)
            width = int(torch.randint(most + 1, (), generator=generator))
            if width:
                spans[row, start, width - 1, 0].clamp_(min=-1.0)
            else:
                outside[row, start].clamp_(min=-1.0)
            start += max(width, 1)
        for width in range(1, max_width + 1):
            spans[row, max(length - width + 1, 0) :, width - 1] = math.nan
        outside[row, length:] = math.nan
    return SpanInputs(spans, outside, mask)


random_span_batches = st.builds(
    random_span_inputs,
    lengths=st.lists(st.integers(1, 4), min_size=2, max_size=3),
    max_width=st.integers(1, 5),
    num_labels=st.integers(1, 2),
    seed=st.integers(0, 2**32 - 1),
    forbidden=st.sampled_from([0.0, 0.0, 0.2, 0.5]),
    ties=st.booleans(),
)
"""Batches small enough to be enumerated."""


def close(found: Tensor, expected: Any, tolerance: float = 1e-9) -> None:
    """Compares in double precision, absolutely and relatively."""
    expected = torch.as_tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)


def bio(num_labels: int) -> SpanTags:
    """O, B-0, I-0, B-1, ..."""
    begin = 1 + 2 * torch.arange(num_labels)
    return SpanTags(1 + 2 * num_labels, 0, begin, begin + 1, begin + 1, begin)


def bioul(num_labels: int) -> SpanTags:
    """B-0, B-1, ..., I-0, ..., L-0, ..., U-0, ..., O"""
    label = torch.arange(num_labels)
    return SpanTags(
        1 + 4 * num_labels,
        4 * num_labels,
        label,
        num_labels + label,
        2 * num_labels + label,
        3 * num_labels + label,
    )
