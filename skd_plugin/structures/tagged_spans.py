"""Labelled spans as tags of tokens: what a semi-Markov model says to whoever thinks in tags."""

from functools import cached_property
from typing import Callable, List, Tuple

import torch
from torch import Tensor

from .layout import IMPOSSIBLE
from .segmentations import Segmentations
from .semi_markov import SemiMarkov
from .span_sums import by_end
from .span_tags import SpanTags
from .tag_distribution import TagDistribution, TopK


class TaggedSpans(TagDistribution):
    """
    The distribution of a `SemiMarkov` over segmentations as one over the tag paths that write them.

    p(tags) = p(segmentation) if the tags write one, else 0 (the fourth case of Wang et al., ACL 2021). Spans that lack
    a tag are impossible.

    # Parameters

    spans : `SemiMarkov`
    tags : `SpanTags`
        On any device.

    # Raises

    `ValueError` if the tags cannot be told apart.
    """

    def __init__(self, spans: SemiMarkov, tags: SpanTags) -> None:
        tags.check(spans.num_labels)
        self.tags = tags.to(spans.span_scores.device)
        writable = self.tags.writable(spans.max_width)
        if not bool(writable.all()):
            scores = spans.span_scores.masked_fill(~writable, IMPOSSIBLE)
            spans = SemiMarkov(scores, spans.outside_scores, spans.mask)
        self.spans = spans
        self.mask = spans.mask

    # ---- the distribution

    @property
    def log_partition(self) -> Tensor:
        return self.spans.log_partition

    @property
    def entropy(self) -> Tensor:
        """H(p) in nats, shape (batch_size,)."""
        return self.spans.entropy

    def score(self, tags: Tensor) -> Tensor:
        """
        The score of what given tag paths write; `IMPOSSIBLE` or less where they write nothing possible.

        # Parameters

        tags : `Tensor`
            Shape (batch_size, num_tokens) or (batch_size, num_paths, num_tokens); any valid index on padding.

        # Returns

        `Tensor` of shape (batch_size,) or (batch_size, num_paths).
        """
        return self._of_paths(tags, self.spans.score)

    def log_prob(self, tags: Tensor) -> Tensor:
        return self._of_paths(tags, self.spans.log_prob)

    @cached_property
    def log_marginals(self) -> Tensor:
        """
        log p(y_t = tag), shape (batch_size, num_tokens, num_tags); `IMPOSSIBLE` or less if it cannot be, 0 on padding.
        """
        outside = self.spans.log_outside_marginals.unsqueeze(2)
        impossible = torch.full_like(outside, IMPOSSIBLE)
        # Shape: (batch_size, num_tokens, 4 * num_labels + 2)
        places = torch.cat([*self._log_places, outside, impossible], dim=2)
        log_marginals = places[..., self._sources].logsumexp(dim=3)
        return torch.where(self.mask.unsqueeze(2), log_marginals, log_marginals.new_zeros(()))

    @cached_property
    def expected_transitions(self) -> Tensor:
        """
        E[number of transitions from tag to tag], shape (batch_size, num_tags, num_tags).

        Within a span the tags follow from its width. Where one segment ends and another starts they are independent:
        p(a ends at t, b starts at t + 1) = p(a ends at t) p(b starts at t + 1) / p(a boundary is between).
        """
        return self._transitions_within + self._transitions_between

    # ---- paths

    def argmax(self) -> Tuple[Tensor, Tensor]:
        """The best path, shape (batch_size, num_tokens), and its score, shape (batch_size,)."""
        segmentations, scores = self.spans.argmax()
        return self.tags.write(segmentations, self.mask), scores

    def top_k(self, k: int) -> TopK:
        best = self.spans.top_k(k)
        paths = self.tags.write(best.segmentations, self.mask.unsqueeze(1))
        return TopK(paths * best.mask.unsqueeze(2), best.scores, best.mask)

    def relabeled(self, tags: Tensor, num_tags: int) -> "TaggedSpans":
        return TaggedSpans(self.spans, self.tags.relabeled(tags, num_tags))

    def _of_paths(self, tags: Tensor, answer: Callable[[Segmentations], Tensor]) -> Tensor:
        """What is answered about the segmentations that tag paths write; `IMPOSSIBLE` for paths that write none."""
        mask = self.mask.unsqueeze(1) if tags.dim() == 3 else self.mask
        segmentations = self.tags.read(tags, mask)
        written = ((self.tags.write(segmentations, mask) == tags) | ~mask).all(dim=-1)
        values = answer(segmentations)
        return torch.where(written, values, values.new_full((), IMPOSSIBLE))

    # ---- parts of the marginals

    @cached_property
    def _log_places(self) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """
        log p(the token is the first, a middle, the last, the only one of a span of the label).

        Each of shape (batch_size, num_tokens, num_labels).
        """
        # With two more widths, which are impossible, there are always spans that have a middle.
        spans = torch.nn.functional.pad(
            self.spans.log_span_marginals, (0, 0, 0, 2), value=IMPOSSIBLE
        )
        # By width: log p(a span of the label starts here that is as wide or wider)
        wider: List[Tensor] = [spans[:, :, -1]]
        for width in range(spans.size(2) - 2, 0, -1):
            wider.insert(0, torch.logaddexp(spans[:, :, width], wider[0]))
        last = by_end(spans)[:, :, 1:].logsumexp(dim=2)
        # A middle has some offset from the start of its span, which is wider than the offset by two.
        inside = by_end(torch.stack(wider, dim=2))[:, :, 1:].logsumexp(dim=2)
        return wider[0], inside, last, spans[:, :, 0]

    @property
    def _sources(self) -> Tensor:
        """Which of the places in `log_marginals` each tag stands for, shape (num_tags, 5)."""
        places = self.tags.places
        nothing = places.numel() + 1
        sources = places.new_full((self.tags.num_tags + 1, 5), nothing)
        # What is no tag falls into the last row, which -1 finds.
        rows = torch.arange(4, device=places.device).unsqueeze(1)
        sources[places, rows] = torch.arange(places.numel(), device=places.device).view_as(places)
        sources[self.tags.outside, 4] = places.numel()
        return sources[:-1]

    @property
    def _transitions_within(self) -> Tensor:
        # Shape: (batch_size, max_width, num_labels)
        counts = self.spans.span_marginals.sum(dim=1)
        middles = (torch.arange(counts.size(1), device=counts.device) - 1).clamp(min=0)
        with_middle = counts[:, 2:].sum(dim=1)
        within_middle = (counts * (middles - 1).clamp(min=0).unsqueeze(1)).sum(dim=1)
        begin, inside, last = map(
            self._indicators, (self.tags.begin, self.tags.inside, self.tags.last)
        )
        transitions = []
        for number, one, other in (
            (counts[:, 1:2].sum(dim=1), begin, last),
            (with_middle, begin, inside),
            (within_middle, inside, inside),
            (with_middle, inside, last),
        ):
            transitions.append(torch.einsum("bl,lf,lt->bft", number, one, other))
        return torch.stack(transitions).sum(dim=0)

    @property
    def _transitions_between(self) -> Tensor:
        outside = self.spans.log_outside_marginals.unsqueeze(2)
        begin, _, last, unit = self._log_places
        alone = torch.tensor([self.tags.outside], device=self.mask.device)
        # Shape: (batch_size, num_tokens - 1, 1 + 2 * num_labels)
        ends = torch.cat([outside, unit, last], dim=2)[:, :-1]
        starts = torch.cat([outside, unit, begin], dim=2)[:, 1:]
        # Where no boundary can be the quotient has no meaning, and nothing starts.
        ends = (ends - self.spans.log_boundaries[:, 1:-1].unsqueeze(2)).clamp(max=0.0)
        ending = self._indicators(torch.cat([alone, self.tags.unit, self.tags.last]))
        starting = self._indicators(torch.cat([alone, self.tags.unit, self.tags.begin]))
        return torch.einsum("bnf,bnt->bft", ends.exp() @ ending, starts.exp() @ starting)

    def _indicators(self, tags: Tensor) -> Tensor:
        """Rows of zeros with a one where the tag is, shape (size, num_tags); -1 has none."""
        every = torch.arange(self.tags.num_tags, device=tags.device)
        return (tags.unsqueeze(1) == every).to(self.spans.span_scores.dtype)
