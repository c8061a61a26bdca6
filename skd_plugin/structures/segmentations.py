"""Ways to cut sentences into labelled spans and tokens outside, and how they are built from the end."""

from typing import List, NamedTuple

import torch
from torch import Tensor


class Segmentations(NamedTuple):
    """
    Segmentations of the sentences of a batch.

    # Parameters

    widths : `Tensor`
        Shape (batch_size, num_tokens) or (batch_size, num_paths, num_tokens): of the span or outside token that starts
        here, in tokens; 0 where none starts, and on padding.
    labels : `Tensor`
        The same shape: the label of the span that starts here; -1 elsewhere.
    """

    widths: Tensor
    labels: Tensor


class TopSegmentations(NamedTuple):
    """
    The best segmentations of every sentence, best first.

    # Parameters

    segmentations : `Segmentations`
        Shape (batch_size, num_paths, num_tokens); widths are 0 where no segmentation exists.
    scores : `Tensor`
        Shape (batch_size, num_paths), s(a) in nats, unnormalised; -inf where no segmentation exists.
    mask : `Tensor`
        Shape (batch_size, num_paths), bool; false where a sentence has fewer segmentations.
    """

    segmentations: Segmentations
    scores: Tensor
    mask: Tensor


class Suffixes:
    """
    Ends of segmentations that grow towards the start of their sentence, one segment a step, until they are whole.

    # Parameters

    lengths : `Tensor`
        Shape (batch_size, 1), of the sentences in tokens.
    number : `int`
        How many suffixes each sentence has; at first all are empty.
    num_labels : `int`
    """

    def __init__(self, lengths: Tensor, number: int, num_labels: int) -> None:
        # Shape: (batch_size, number), how many tokens are before each suffix
        self.before = lengths.repeat(1, number)
        self._num_labels = num_labels
        self._steps: List[_Step] = []

    @property
    def whole(self) -> bool:
        """Whether all suffixes have come to the start of their sentence."""
        return not bool((self.before > 0).any())

    def select(self, values: Tensor) -> Tensor:
        """
        The values of the last token before each suffix; at the start of a sentence, of its first token.

        Shapes: `values` (batch_size, num_tokens, size), what is returned (batch_size, number, size).
        """
        tokens = (self.before - 1).clamp(min=0).unsqueeze(2)
        return values.gather(1, tokens.expand(-1, -1, values.size(2)))

    def extend(self, parents: Tensor, choices: Tensor) -> None:
        """
        Puts one segment before each suffix; at the start of a sentence, none.

        # Parameters

        parents : `Tensor`
            Shape (batch_size, number): the suffix that each new one extends.
        choices : `Tensor`
            Shape (batch_size, number): the new segment, numbered as by `last_segments`.
        """
        ends = self.before.gather(1, parents)
        span = choices - 1
        widths = torch.div(span.clamp(min=0), self._num_labels, rounding_mode="floor") + 1
        widths = torch.minimum(widths, ends)
        labels = torch.where(span < 0, span, span % self._num_labels)
        self.before = ends - widths
        self._steps.append(_Step(parents, self.before, widths, labels))

    def segmentations(self, num_tokens: int) -> Segmentations:
        """Of shape (batch_size, number, num_tokens), each suffix followed from its first segment to its last."""
        batch_size, number = self.before.shape
        # What was at the start of the sentence already writes to a place of its own, after the last token.
        widths = self.before.new_zeros(batch_size, number, num_tokens + 1)
        labels = torch.full_like(widths, -1)
        suffixes = torch.arange(number, device=widths.device).expand(batch_size, -1)
        for step in reversed(self._steps):
            width = step.widths.gather(1, suffixes).unsqueeze(2)
            start = step.starts.gather(1, suffixes).unsqueeze(2)
            start = start.masked_fill(width == 0, num_tokens)
            widths.scatter_(2, start, width)
            labels.scatter_(2, start, step.labels.gather(1, suffixes).unsqueeze(2))
            suffixes = step.parents.gather(1, suffixes)
        return Segmentations(widths[..., :-1], labels[..., :-1])


class _Step(NamedTuple):
    """One more segment of every suffix, all of shape (batch_size, number): which suffix it extends, and the segment."""

    parents: Tensor
    starts: Tensor
    widths: Tensor
    labels: Tensor
