"""
A batch of semi-Markov models of order 0, and the exact answers to what one asks of them.

A segmentation cuts a sentence into labelled spans of at most `max_width` tokens and single tokens outside any span. It
has the score

    s(a) = sum over its spans of span_scores[start, width - 1, label]
           + sum over its other tokens of outside_scores[token]

and the distribution p(a) = exp(s(a) - log Z).  The formulas of this page are explained in docs/structures.md.
"""

from functools import cached_property
from typing import Optional, Tuple

import torch
from torch import Tensor

from .checks import check_mask, check_shape, computable
from .k_best_segmentations import k_best_segmentations
from .layout import IMPOSSIBLE
from .segmentations import Segmentations, Suffixes, TopSegmentations
from .span_sums import at_ends, before_and_after, last_segments, with_outside


class SemiMarkov:
    """
    A batch of semi-Markov models of order 0 (Sarawagi and Cohen, 2004), over which all inference is exact.

    Scores may be -inf, which forbids; every sentence needs one possible segmentation. Spans that pass the end of the
    sentence are impossible, whatever their scores. Half precision is computed in single, double stays double. All but
    `argmax`, `top_k` and `sample` is differentiable.

    # Parameters

    span_scores : `Tensor`
        Shape (batch_size, num_tokens, max_width, num_labels): of the span that starts at the token, has width
        w + 1 and a label.
    outside_scores : `Tensor`, optional (default = zeros)
        Shape (batch_size, num_tokens): of each token outside any span.
    mask : `Tensor`, optional (default = all true)
        Shape (batch_size, num_tokens), true on tokens: a non-empty prefix of every row.

    # Raises

    `ValueError` if the shapes disagree or the mask is no prefix.
    """

    def __init__(
        self,
        span_scores: Tensor,
        outside_scores: Optional[Tensor] = None,
        mask: Optional[Tensor] = None,
    ) -> None:
        if span_scores.dim() != 4 or span_scores.numel() == 0:
            raise ValueError(
                "span_scores: expected a non-empty (batch_size, num_tokens, max_width, num_labels), got "
                f"{tuple(span_scores.shape)}"
            )
        batch_size, num_tokens, self.max_width, self.num_labels = span_scores.shape
        if outside_scores is None:
            outside_scores = span_scores.new_zeros(batch_size, num_tokens)
        check_shape("outside_scores", outside_scores, (batch_size, num_tokens))
        self.mask = check_mask(mask, span_scores)
        # Shape: (batch_size, 1)
        self._lengths = self.mask.sum(dim=1, keepdim=True)
        self._tokens = torch.arange(num_tokens, device=self.mask.device)
        last = self._tokens.unsqueeze(1) + torch.arange(self.max_width, device=self.mask.device)
        # Shape: (batch_size, num_tokens, max_width, 1)
        beyond = (last >= self._lengths.unsqueeze(2)).unsqueeze(3)
        self.span_scores = computable(span_scores.masked_fill(beyond, -float("inf")))
        outside_scores = computable(outside_scores.masked_fill(~self.mask, -float("inf")))
        self.outside_scores = outside_scores.to(self.span_scores.dtype)

    # ---- the sums that all else is made of

    @cached_property
    def _log_spans(self) -> Tensor:
        """Of each start and width the log-sum over labels, shape (batch_size, num_tokens, max_width), double."""
        best = self.span_scores.detach().amax(dim=3)
        rest = (self.span_scores - best.unsqueeze(3)).logsumexp(dim=3)
        return best.double() + rest.double()

    @cached_property
    def _before_and_after(self) -> Tuple[Tensor, Tensor]:
        segments = with_outside(self._log_spans, self.outside_scores, torch.logaddexp)
        return before_and_after(segments, self._lengths)

    @cached_property
    def _log_partition(self) -> Tensor:
        """Shape (batch_size, 1), double."""
        return self._before_and_after[0].gather(1, self._lengths)

    @cached_property
    def log_partition(self) -> Tensor:
        """log Z = log sum_a exp s(a), shape (batch_size,)."""
        return self._log_partition.squeeze(1).to(self.span_scores.dtype)

    # ---- the distribution

    def score(self, segmentations: Segmentations) -> Tensor:
        """
        s(a) of given segmentations; `IMPOSSIBLE` or less for what is none.

        # Returns

        `Tensor` of shape (batch_size,) or (batch_size, num_paths).
        """
        return self._score(segmentations).to(self.span_scores.dtype)

    def log_prob(self, segmentations: Segmentations) -> Tensor:
        """log p(a) = s(a) - log Z of given segmentations; shapes as in `score`."""
        log_partition = self._log_partition
        if segmentations.widths.dim() == 2:
            log_partition = log_partition.squeeze(1)
        return (self._score(segmentations) - log_partition).to(self.span_scores.dtype)

    def _score(self, segmentations: Segmentations) -> Tensor:
        """`score` in double."""
        widths, labels = segmentations
        if widths.dim() == 2:
            both = Segmentations(widths.unsqueeze(1), labels.unsqueeze(1))
            return self._score(both).squeeze(1)
        possible = self._tiles(segmentations)
        starts, spans = widths > 0, labels >= 0
        index = (self._tokens * self.max_width + widths - 1) * self.num_labels + labels
        index = torch.where(spans & possible.unsqueeze(2), index, torch.zeros_like(index))
        # Shape: (batch_size, num_paths, num_tokens)
        of_spans = self.span_scores.flatten(1).gather(1, index.flatten(1)).view_as(index)
        scores = torch.where(spans, of_spans, self.outside_scores.unsqueeze(1))
        scores = torch.where(starts, scores, scores.new_zeros(())).double().sum(dim=2)
        return torch.where(possible, scores, scores.new_full((), IMPOSSIBLE))

    def _tiles(self, segmentations: Segmentations) -> Tensor:
        """Whether segments that can be fill the sentence without gap and overlap: bool, (batch_size, num_paths)."""
        widths, labels = segmentations
        starts, spans = widths > 0, labels >= 0
        follows = widths.cumsum(dim=2) - widths == self._tokens
        narrow = widths <= 1 + (self.max_width - 1) * spans
        right = torch.where(starts, follows & narrow & (labels < self.num_labels), ~spans)
        return right.all(dim=2) & (widths.sum(dim=2) == self._lengths)

    @cached_property
    def log_boundaries(self) -> Tensor:
        """log p(a segment ends before token t and one starts at it), shape (batch_size, num_tokens + 1)."""
        before, after = self._before_and_after
        return (before + after - self._log_partition).to(self.span_scores.dtype)

    @cached_property
    def log_span_marginals(self) -> Tensor:
        """log p(there is this span), shaped like `span_scores`; `IMPOSSIBLE` or less if it cannot be."""
        before, after = self._before_and_after
        sums = before[:, :-1].unsqueeze(2) + self._log_spans + at_ends(after, self.max_width)
        log_unlabeled = (sums - self._log_partition.unsqueeze(2)).to(self.span_scores.dtype)
        return log_unlabeled.unsqueeze(3) + self.span_scores.log_softmax(dim=3)

    @cached_property
    def log_outside_marginals(self) -> Tensor:
        """log p(the token is outside), shape (batch_size, num_tokens); `IMPOSSIBLE` or less on padding."""
        before, after = self._before_and_after
        sums = before[:, :-1] + self.outside_scores + after[:, 1:]
        return (sums - self._log_partition).to(self.span_scores.dtype)

    @cached_property
    def span_marginals(self) -> Tensor:
        """p(there is this span), shaped like `span_scores`."""
        return self.log_span_marginals.exp()

    @cached_property
    def outside_marginals(self) -> Tensor:
        """p(the token is outside), shape (batch_size, num_tokens); 0 on padding."""
        return self.log_outside_marginals.exp()

    @cached_property
    def entropy(self) -> Tensor:
        """
        H(p) = -sum_a p(a) log p(a) in nats, shape (batch_size,).

        From the end, a segmentation is a sequence of choices that depend on nothing but where they end: their
        entropies, weighted by how often one gets there, add up.
        """
        before, _ = self._before_and_after
        dtype = self.span_scores.dtype
        arrived = before[:, :-1].unsqueeze(2) + self._log_spans - at_ends(before, self.max_width)
        # Shape: (batch_size, num_tokens, max_width, num_labels), log p(span | something ends where it ends)
        log_spans = arrived.to(dtype).unsqueeze(3) + self.span_scores.log_softmax(dim=3)
        log_outside = (before[:, :-1] + self.outside_scores - before[:, 1:]).to(dtype)
        of_spans = (self.span_marginals * log_spans).flatten(1).sum(dim=1)
        return -of_spans - (self.outside_marginals * log_outside).sum(dim=1)

    # ---- segmentations

    def argmax(self) -> Tuple[Segmentations, Tensor]:
        """The best segmentation, shape (batch_size, num_tokens), and its score, shape (batch_size,)."""
        best = self.top_k(1)
        widths, labels = best.segmentations
        return Segmentations(widths[:, 0], labels[:, 0]), best.scores[:, 0]

    def top_k(self, k: int) -> TopSegmentations:
        """
        The `k` best distinct segmentations: min(k, number of segmentations) are true in the mask.

        # Raises

        `ValueError` if `k` is not positive.
        """
        if k < 1:
            raise ValueError(f"k: expected a positive number of segmentations, got {k}")
        (widths, labels), scores = k_best_segmentations(
            self.span_scores, self.outside_scores, self._lengths, k
        )
        exists = scores > IMPOSSIBLE / 2
        missing = ~exists.unsqueeze(2)
        best = Segmentations(widths.masked_fill(missing, 0), labels.masked_fill(missing, -1))
        scores = scores.to(self.span_scores.dtype).masked_fill(~exists, -float("inf"))
        return TopSegmentations(best, scores, exists)

    @torch.no_grad()
    def sample(
        self, num_samples: int, generator: Optional[torch.Generator] = None
    ) -> Segmentations:
        """
        Independent draws from p, from the end backwards.

        # Parameters

        num_samples : `int`
            For each sentence.
        generator : `torch.Generator`, optional (default = torch's own)
            The source of randomness, on the device of the scores.

        # Returns

        `Segmentations` of shape (batch_size, num_samples, num_tokens).
        """
        before, _ = self._before_and_after
        scores = last_segments(before, self.span_scores, self.outside_scores)
        probabilities = scores.softmax(dim=2)
        suffixes = Suffixes(self._lengths, num_samples, self.num_labels)
        each = torch.arange(num_samples, device=before.device).expand_as(suffixes.before)
        while not suffixes.whole:
            rows = suffixes.select(probabilities).flatten(0, 1)
            chosen = torch.multinomial(rows, 1, generator=generator)
            suffixes.extend(each, chosen.view_as(each))
        return suffixes.segmentations(len(self._tokens))
