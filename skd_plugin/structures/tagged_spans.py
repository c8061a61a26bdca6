"""Labelled spans as tags of tokens: what a semi-Markov model says to whoever thinks in tags."""

from functools import cached_property
from typing import List, NamedTuple, Tuple

import torch
from torch import Tensor

from .linear_chain import IMPOSSIBLE
from .semi_markov import Segmentations, SemiMarkov, by_end
from .tag_distribution import TagDistribution, TopK


class SpanTags(NamedTuple):
    """
    The tags that stand for labelled spans; -1 where there is no such tag.

    # Parameters

    num_tags : `int`
    outside : `int`
        Of a token outside any span.
    begin, inside, last, unit : `Tensor`
        Shape (num_labels,): of the first, a middle and the last token of a span, and of a span's only token. In BIO
        `last` is `inside` and `unit` is `begin`; in BIOUL all differ.
    """

    num_tags: int
    outside: int
    begin: Tensor
    inside: Tensor
    last: Tensor
    unit: Tensor

    def to(self, device: torch.device) -> "SpanTags":
        """The same on a device."""
        places = [place.to(device) for place in (self.begin, self.inside, self.last, self.unit)]
        return SpanTags(self.num_tags, self.outside, *places)

    def writable(self, max_width: int) -> Tensor:
        """Which spans have all the tags that they need: bool, shape (max_width, num_labels)."""
        unit, ends = self.unit >= 0, (self.begin >= 0) & (self.last >= 0)
        middles = [ends & (self.inside >= 0)] * max(max_width - 2, 0)
        return torch.stack([unit, ends, *middles][:max_width])


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
        _check_tags(tags, spans.num_labels)
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
        """log Z, shape (batch_size,)."""
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
        segmentations = self._read(tags)
        return self._if_written(tags, segmentations, self.spans.score(segmentations))

    def log_prob(self, tags: Tensor) -> Tensor:
        """log p(tags) of given tag paths; shapes as in `score`."""
        segmentations = self._read(tags)
        return self._if_written(tags, segmentations, self.spans.log_prob(segmentations))

    @cached_property
    def log_marginals(self) -> Tensor:
        """
        log p(y_t = tag), shape (batch_size, num_tokens, num_tags); `IMPOSSIBLE` or less if it cannot be, 0 on padding.
        """
        outside = self.spans.log_outside_marginals.unsqueeze(2)
        unit, begin, inside, last = self._log_places
        impossible = torch.full_like(outside, IMPOSSIBLE)
        # Shape: (batch_size, num_tokens, 1 + 4 * num_labels + 1)
        places = torch.cat([outside, unit, begin, inside, last, impossible], dim=2)
        log_marginals = places[..., self._sources].logsumexp(dim=3)
        return torch.where(self.mask.unsqueeze(2), log_marginals, log_marginals.new_zeros(()))

    @cached_property
    def marginals(self) -> Tensor:
        """p(y_t = tag), shape (batch_size, num_tokens, num_tags); 0 on padding."""
        return self.log_marginals.exp() * self.mask.unsqueeze(2)

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
        return self._write(segmentations), scores

    def top_k(self, k: int) -> TopK:
        """
        The `k` best distinct paths: min(k, number of possible paths) are true in the mask.

        # Raises

        `ValueError` if `k` is not positive.
        """
        best = self.spans.top_k(k)
        paths = self._write(best.segmentations) * best.mask.unsqueeze(2)
        return TopK(paths, best.scores, best.mask)

    def relabeled(self, tags: Tensor, num_tags: int) -> "TaggedSpans":
        """
        The same distribution over more tags, of which the new ones are impossible.

        # Parameters

        tags : `Tensor`
            Shape (num_tags of this distribution,), the new index of each tag; all different.
        num_tags : `int`
            How many there are then.
        """
        # The last entry is found by -1: what is no tag stays none.
        moved = torch.cat(
            [tags.to(self.mask.device), tags.new_full((1,), -1, device=self.mask.device)]
        )
        places = [
            moved[place]
            for place in (self.tags.begin, self.tags.inside, self.tags.last, self.tags.unit)
        ]
        return TaggedSpans(self.spans, SpanTags(num_tags, int(moved[self.tags.outside]), *places))

    # ---- between tags and spans

    def _if_written(self, tags: Tensor, segmentations: Segmentations, values: Tensor) -> Tensor:
        """The values of the tag paths that are what writes their segmentations; `IMPOSSIBLE` for the others."""
        mask = self.mask.unsqueeze(1) if tags.dim() == 3 else self.mask
        written = ((self._write(segmentations) == tags) | ~mask).all(dim=-1)
        return torch.where(written, values, values.new_full((), IMPOSSIBLE))

    def _read(self, tags: Tensor) -> Segmentations:
        """What tag paths seem to write: each span runs as far as the tags go on."""
        mask = self.mask.unsqueeze(1) if tags.dim() == 3 else self.mask
        labels, goes_on = self._labels_and_continuations
        positions = torch.arange(tags.size(-1), device=tags.device)
        starts = mask & ~goes_on[tags]
        # Shape: like tags, the first position from here on that is no continuation, and that of the next token
        stops = positions.expand_as(starts).masked_fill(mask & ~starts, tags.size(-1))
        stops = stops.flip(-1).cummin(dim=-1)[0].flip(-1)
        after = torch.nn.functional.pad(stops[..., 1:], (0, 1), value=tags.size(-1))
        widths = (after - positions) * starts
        return Segmentations(widths, labels[tags].masked_fill(~starts, -1))

    def _write(self, segmentations: Segmentations) -> Tensor:
        """The tags of segmentations, of the same shape; 0 on padding."""
        widths, labels = segmentations
        mask = self.mask.unsqueeze(1) if widths.dim() == 3 else self.mask
        positions = torch.arange(widths.size(-1), device=widths.device)
        # Shape: like widths, where the segment of each token starts
        starts = (positions * (widths > 0)).cummax(dim=-1)[0]
        width, label, offset = (
            widths.gather(-1, starts),
            labels.gather(-1, starts),
            positions - starts,
        )
        at_last = offset == width - 1
        place = 2 * (offset > 0) + at_last.long()
        # Shape: (4, num_labels + 1), whose last column is found by the label -1
        written = torch.stack([self.tags.begin, self.tags.unit, self.tags.inside, self.tags.last])
        written = torch.nn.functional.pad(written, (0, 1), value=self.tags.outside)
        return written[place, label] * mask

    @cached_property
    def _labels_and_continuations(self) -> Tuple[Tensor, Tensor]:
        """Of each tag the label, -1 if it has none, and whether it continues a span; both of shape (num_tags,)."""
        labels = torch.full((self.tags.num_tags,), -1, device=self.mask.device)
        goes_on = torch.zeros_like(labels, dtype=torch.bool)
        for place in (self.tags.begin, self.tags.unit, self.tags.inside, self.tags.last):
            label = (place >= 0).nonzero().squeeze(1)
            labels[place[label]] = label
        for place in (self.tags.inside, self.tags.last):
            goes_on[place[place >= 0]] = True
        return labels, goes_on

    # ---- parts of the marginals

    @cached_property
    def _log_places(self) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """
        log p(the token is the only, the first, a middle, the last one of a span of the label).

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
        return spans[:, :, 0], wider[0], inside, last

    @property
    def _sources(self) -> Tensor:
        """Which of the places of `log_marginals` each tag stands for, shape (num_tags, 5)."""
        num_labels = self.spans.num_labels
        tags = self.tags
        places = torch.stack([tags.unit, tags.begin, tags.inside, tags.last], dim=1)
        index = 1 + torch.arange(4 * num_labels, device=places.device).view(4, num_labels).t()
        sources = places.new_full((tags.num_tags + 1, 5), 1 + 4 * num_labels)
        sources[tags.outside, 0] = 0
        # What is no tag falls into the row that -1 finds.
        sources[places, 1 + torch.arange(4, device=places.device)] = index
        return sources[:-1]

    @property
    def _transitions_within(self) -> Tensor:
        # Shape: (batch_size, max_width, num_labels)
        counts = self.spans.span_marginals.sum(dim=1)
        repeats = (torch.arange(counts.size(1), device=counts.device) - 2).clamp(min=0)
        with_middle = counts[:, 2:].sum(dim=1)
        tags = self.tags
        begin, inside, last = map(self._indicators, (tags.begin, tags.inside, tags.last))
        transitions = counts.new_zeros(counts.size(0), tags.num_tags, tags.num_tags)
        for number, one, other in (
            (counts[:, 1:2].sum(dim=1), begin, last),
            (with_middle, begin, inside),
            ((counts * repeats.unsqueeze(1)).sum(dim=1), inside, inside),
            (with_middle, inside, last),
        ):
            transitions = transitions + torch.einsum("bl,lf,lt->bft", number, one, other)
        return transitions

    @property
    def _transitions_between(self) -> Tensor:
        outside = self.spans.log_outside_marginals.unsqueeze(2)
        unit, begin, _, last = self._log_places
        tags = self.tags
        alone = torch.tensor([tags.outside], device=self.mask.device)
        ends = torch.cat([outside, unit, last], dim=2)[:, :-1]
        starts = torch.cat([outside, unit, begin], dim=2)[:, 1:].exp()
        # Where no boundary can be the quotient has no meaning, and nothing starts.
        ends = (ends - self.spans.log_boundaries[:, 1:-1].unsqueeze(2)).clamp(max=0.0).exp()
        return torch.einsum(
            "bnf,bnt->bft",
            ends @ self._indicators(torch.cat([alone, tags.unit, tags.last])),
            starts @ self._indicators(torch.cat([alone, tags.unit, tags.begin])),
        )

    def _indicators(self, tags: Tensor) -> Tensor:
        """Rows of zeros with a one where the tag is, shape (size, num_tags); -1 has none."""
        every = torch.arange(self.tags.num_tags, device=tags.device)
        return (tags.unsqueeze(1) == every).to(self.spans.span_scores.dtype)


def _check_tags(tags: SpanTags, num_labels: int) -> None:
    """Every tag stands for one label, and either for starts of spans or for what follows."""
    places = [place.tolist() for place in (tags.begin, tags.unit, tags.inside, tags.last)]
    if any(len(place) != num_labels for place in places):
        raise ValueError(
            f"tags: expected one tag for each of {num_labels} labels, got {[len(p) for p in places]} "
            "of begin, unit, inside and last"
        )
    groups = [{tags.outside}]
    for begin, unit, inside, last in zip(*places):
        groups += [{begin, unit} - {-1}, {inside, last} - {-1}]
    known = set().union(*groups)
    if len(known) != sum(map(len, groups)):
        raise ValueError(
            "tags: expected other tags for each label, and others to begin spans than to go on"
        )
    if min(known) < 0 or max(known) >= tags.num_tags:
        raise ValueError(
            f"tags: expected indices below {tags.num_tags}, got {min(known)} to {max(known)}"
        )
