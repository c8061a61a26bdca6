"""
A batch of semi-Markov models of order 0, and the exact answers to what one asks of them.

A segmentation cuts a sentence into labelled spans of at most `max_width` tokens and single tokens outside any span. It
has the score

    s(a) = sum over its spans of span_scores[start, width - 1, label]
           + sum over its other tokens of outside_scores[token]

and the distribution p(a) = exp(s(a) - log Z).

The recursions know a span by start and width alone, since its label decides nothing beyond it: they are small beside
the scores, and so they run in double precision, which keeps its digits over thousands of tokens.
"""

from functools import cached_property
from typing import Callable, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from .linear_chain import IMPOSSIBLE


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
        if mask is None:
            mask = torch.ones(batch_size, num_tokens, dtype=torch.bool, device=span_scores.device)
        _check_shape("outside_scores", outside_scores, (batch_size, num_tokens))
        _check_shape("mask", mask, (batch_size, num_tokens))
        mask = mask.bool()
        if not bool((mask[:, 0].all() & (mask[:, 1:] <= mask[:, :-1]).all())):
            raise ValueError(
                "mask: expected tokens first and padding last, and a token in every row"
            )
        self.mask = mask
        self._lengths = mask.sum(dim=1, keepdim=True)
        self._tokens = torch.arange(num_tokens, device=mask.device)
        ends = self._tokens.unsqueeze(1) + torch.arange(self.max_width, device=mask.device)
        # Shape: (batch_size, num_tokens, max_width, 1)
        within = (ends < self._lengths.unsqueeze(2)).unsqueeze(3)
        self.span_scores = _computable(span_scores, within)
        self.outside_scores = _computable(outside_scores, mask).to(self.span_scores.dtype)

    # ---- the sums that all else is made of

    @cached_property
    def _log_spans(self) -> Tensor:
        """Of each start and width the log-sum over labels, shape (batch_size, num_tokens, max_width), double."""
        best = self.span_scores.detach().amax(dim=3)
        rest = (self.span_scores - best.unsqueeze(3)).logsumexp(dim=3)
        return best.double() + rest.double()

    @cached_property
    def _before_and_after(self) -> Tuple[Tensor, Tensor]:
        """
        The log-sums over the segmentations of the tokens before each boundary, and of those after it.

        Both of shape (batch_size, num_tokens + 1), double; boundary t is between the tokens t - 1 and t.
        """
        segments = _with_outside(self._log_spans, self.outside_scores, torch.logaddexp)
        backwards = (self._lengths - 1 - self._tokens).clamp(min=0).unsqueeze(2)
        mirrored = segments.gather(1, backwards.expand_as(segments))
        before, after = _prefixes(torch.cat([by_end(segments), mirrored]), torch.logsumexp).chunk(2)
        boundaries = torch.arange(before.size(1), device=before.device)
        return before, after.gather(1, (self._lengths - boundaries).clamp(min=0))

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
        starts, spans = widths > 0, labels >= 0
        tiles = (widths.cumsum(dim=2) - widths == self._tokens) | ~starts
        fits = (widths <= 1 + (self.max_width - 1) * spans) & (labels < self.num_labels)
        possible = (tiles & fits & (starts | ~spans)).all(dim=2)
        possible = possible & (widths.sum(dim=2) == self._lengths)

        index = (self._tokens * self.max_width + widths - 1) * self.num_labels + labels
        index = torch.where(spans & possible.unsqueeze(2), index, torch.zeros_like(index))
        # Shape: (batch_size, num_paths, num_tokens)
        of_spans = self.span_scores.flatten(1).gather(1, index.flatten(1)).view_as(index)
        scores = torch.where(spans, of_spans, self.outside_scores.unsqueeze(1))
        scores = torch.where(starts, scores, scores.new_zeros(())).double().sum(dim=2)
        return torch.where(possible, scores, scores.new_full((), IMPOSSIBLE))

    @cached_property
    def log_boundaries(self) -> Tensor:
        """log p(a segment ends before token t and one starts at it), shape (batch_size, num_tokens + 1)."""
        before, after = self._before_and_after
        return (before + after - self._log_partition).to(self.span_scores.dtype)

    @cached_property
    def log_span_marginals(self) -> Tensor:
        """log p(there is this span), shaped like `span_scores`; `IMPOSSIBLE` or less if it cannot be."""
        before, after = self._before_and_after
        sums = before[:, :-1].unsqueeze(2) + self._log_spans + self._at_ends(after)
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
        arrived = before[:, :-1].unsqueeze(2) + self._log_spans - self._at_ends(before)
        # Shape: (batch_size, num_tokens, max_width, num_labels), log p(span | something ends where it ends)
        log_spans = arrived.to(dtype).unsqueeze(3) + self.span_scores.log_softmax(dim=3)
        log_outside = (before[:, :-1] + self.outside_scores - before[:, 1:]).to(dtype)
        of_spans = (self.span_marginals * log_spans).flatten(1).sum(dim=1)
        return -of_spans - (self.outside_marginals * log_outside).sum(dim=1)

    def _at_ends(self, boundaries: Tensor) -> Tensor:
        """
        The value of the boundary where each span ends.

        Shapes: (batch_size, num_tokens + 1); what is returned (batch_size, num_tokens, max_width).
        """
        padded = torch.nn.functional.pad(boundaries[:, 1:], (0, self.max_width - 1))
        return padded.unfold(1, self.max_width, 1)

    # ---- segmentations

    def argmax(self) -> Tuple[Segmentations, Tensor]:
        """The best segmentation, shape (batch_size, num_tokens), and its score, shape (batch_size,)."""
        best = self.top_k(1)
        widths, labels = best.segmentations
        return Segmentations(widths[:, 0], labels[:, 0]), best.scores[:, 0]

    @torch.no_grad()
    def top_k(self, k: int) -> TopSegmentations:
        """
        The `k` best distinct segmentations: min(k, number of segmentations) are true in the mask.

        One pass finds delta[t], the score of the best segmentation of the first t tokens. Against it a segment that
        ends at t has a regret: by how much it makes the best segmentation of these tokens worse. From the end
        backwards, the sum of the regrets of a suffix is the distance of its best completion from the best of all,
        and no completion of one suffix is one of another: the k suffixes of the smallest sums lose none of the k best.

        Among equals those come first whose suffix comes first, then outside tokens, narrow spans, lower labels.

        # Raises

        `ValueError` if `k` is not positive.
        """
        if k < 1:
            raise ValueError(f"k: expected a positive number of segmentations, got {k}")
        spans = self.span_scores.amax(dim=3).double()
        segments = _with_outside(spans, self.outside_scores, torch.maximum)
        best = _prefixes(by_end(segments), torch.amax)
        sums, steps = self._smallest_regrets(best[:, 1:].unsqueeze(2) - self._choices(best), k)
        scores = best.gather(1, self._lengths) - sums
        exists = scores > IMPOSSIBLE / 2
        widths, labels = self._trace(steps, k)
        missing = ~exists.unsqueeze(2)
        return TopSegmentations(
            Segmentations(widths.masked_fill(missing, 0), labels.masked_fill(missing, -1)),
            scores.to(self.span_scores.dtype).masked_fill(~exists, -float("inf")),
            exists,
        )

    def _smallest_regrets(self, regrets: Tensor, k: int) -> Tuple[Tensor, List["_Step"]]:
        """
        The k suffixes of the smallest sums of regrets, in order, walked back to the start of the sentence.

        Shapes: `regrets` (batch_size, num_tokens, 1 + max_width * num_labels); the sums (batch_size, k), infinite where
        there is no further suffix.
        """
        # Shape: (batch_size, num_tokens, min(k, number of choices)), the best that end at each token
        regrets, choices = (tensor[..., :k] for tensor in regrets.sort(dim=2, stable=True))
        # Shape: (batch_size, k), of each suffix; at first there is one, which is empty
        sums = regrets.new_full((regrets.size(0), k), float("inf"))
        sums[:, 0] = 0.0
        ends = self._lengths * (sums == 0)
        steps: List[_Step] = []
        while bool((ends > 0).any()):
            rows = (ends - 1).clamp(min=0).unsqueeze(2).expand(-1, -1, regrets.size(2))
            # What has reached the start of the sentence goes on in one way alone.
            more = regrets.gather(1, rows)
            more[ends == 0] = float("inf")
            more[..., 0].masked_fill_(ends == 0, 0.0)
            candidates, places = (sums.unsqueeze(2) + more).flatten(1).sort(dim=1, stable=True)
            sums, places = candidates[:, :k], places[:, :k]
            parents = torch.div(places, more.size(2), rounding_mode="floor")
            chosen = choices.gather(1, rows).flatten(1).gather(1, places)
            steps.append(self._step(parents, ends.gather(1, parents), chosen))
            ends = steps[-1].starts
        return sums, steps

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
        probabilities = self._choices(self._before_and_after[0]).softmax(dim=2)
        ends = self._lengths.repeat(1, num_samples)
        parents = torch.arange(num_samples, device=ends.device).expand_as(ends)
        steps: List[_Step] = []
        while bool((ends > 0).any()):
            rows = (ends - 1).clamp(min=0).unsqueeze(2).expand(-1, -1, probabilities.size(2))
            rows = probabilities.gather(1, rows).flatten(0, 1)
            chosen = torch.multinomial(rows, 1, generator=generator).view_as(ends)
            steps.append(self._step(parents, ends, chosen))
            ends = steps[-1].starts
        return self._trace(steps, num_samples)

    def _choices(self, prefixes: Tensor) -> Tensor:
        """
        The scores of the prefixes that end at each token, by their last segment.

        # Parameters

        prefixes : `Tensor`
            Shape (batch_size, num_tokens + 1), double: the scores up to each boundary.

        # Returns

        `Tensor` of shape (batch_size, num_tokens, 1 + max_width * num_labels), double: outside first, then spans.
        """
        before = prefixes[:, :-1].unsqueeze(2)
        spans = by_end(before.unsqueeze(3) + self.span_scores)
        outside = before + self.outside_scores.unsqueeze(2)
        return torch.cat([outside, spans.flatten(2)], dim=2)

    def _step(self, parents: Tensor, ends: Tensor, choices: Tensor) -> "_Step":
        """The segments chosen at `ends`; nothing is chosen at the start of the sentence."""
        span = choices - 1
        widths = torch.div(span.clamp(min=0), self.num_labels, rounding_mode="floor") + 1
        widths = torch.minimum(widths, ends)
        labels = torch.where(span < 0, span, span % self.num_labels)
        return _Step(parents, ends - widths, widths, labels)

    def _trace(self, steps: List["_Step"], number: int) -> Segmentations:
        """Follows `number` suffixes from their first segment to their last."""
        batch_size, num_tokens = self.mask.shape
        # What stays at the start of the sentence writes to a place of its own, after the last token.
        widths = self._lengths.new_zeros(batch_size, number, num_tokens + 1)
        labels = torch.full_like(widths, -1)
        suffixes = torch.arange(number, device=widths.device).expand(batch_size, -1)
        for step in reversed(steps):
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


def by_end(spans: Tensor) -> Tensor:
    """
    From spans listed where they start to spans listed where they end.

    # Parameters

    spans : `Tensor`
        Shape (batch_size, num_tokens, max_width, ...).

    # Returns

    `Tensor` of the same shape, [:, token, w] being what was [:, token - w, w]; `IMPOSSIBLE` before the first token.
    """
    batch_size, num_tokens, max_width, *rest = spans.shape
    padding = spans.new_full((batch_size, max_width, max_width, *rest), IMPOSSIBLE)
    # Rows that are too long by one, read as if they were not, move each by one place more than the row before.
    # Shape: (batch_size, max_width, num_tokens + max_width, ...)
    rows = torch.cat([spans, padding], dim=1).transpose(1, 2)
    moved = rows.flatten(1, 2)[:, : max_width * (num_tokens + max_width - 1)]
    moved = moved.reshape(batch_size, max_width, num_tokens + max_width - 1, *rest)
    return moved[:, :, :num_tokens].transpose(1, 2)


def _prefixes(segments: Tensor, join: Callable[..., Tensor]) -> Tensor:
    """
    The recursion: prefix[t] = join over w of prefix[t - w - 1] + segments[t - 1, w].

    Shapes: `segments`, by their ends, (batch_size, num_tokens, max_width); the prefixes (batch_size, num_tokens + 1).
    """
    # Shape: (batch_size, max_width), the last prefixes, latest first
    window = torch.full_like(segments[:, 0], IMPOSSIBLE)
    window[:, 0] = 0.0
    prefixes = [window[:, :1]]
    for segments_here in segments.unbind(1):
        prefixes.append(join(window + segments_here, dim=1, keepdim=True))
        window = torch.cat([prefixes[-1], window[:, :-1]], dim=1)
    return torch.cat(prefixes, dim=1)


def _with_outside(
    spans: Tensor, outside_scores: Tensor, join: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """Joins single tokens outside to the spans of width 1; shape (batch_size, num_tokens, max_width)."""
    single = join(spans[..., 0], outside_scores.double())
    return torch.cat([single.unsqueeze(2), spans[..., 1:]], dim=2)


def _check_shape(name: str, tensor: Tensor, expected: Tuple[int, ...]) -> None:
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name}: expected shape {expected}, got {tuple(tensor.shape)}")


def _computable(scores: Tensor, within: Tensor) -> Tensor:
    """At least single precision, and finite: `IMPOSSIBLE` for what is not within the sentence."""
    if scores.dtype in (torch.float16, torch.bfloat16):
        scores = scores.float()
    return torch.where(within, scores, scores.new_full((), IMPOSSIBLE)).clamp(min=IMPOSSIBLE)
