"""Between labelled spans and the tags that write them."""

from typing import NamedTuple, Tuple

import torch
from torch import Tensor

from .segmentations import Segmentations


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

    @property
    def places(self) -> Tensor:
        """Shape (4, num_labels): of each label the tags `begin`, `inside`, `last` and `unit`."""
        return torch.stack([self.begin, self.inside, self.last, self.unit])

    def to(self, device: torch.device) -> "SpanTags":
        """The same on a device."""
        return SpanTags(self.num_tags, self.outside, *self.places.to(device))

    def relabeled(self, tags: Tensor, num_tags: int) -> "SpanTags":
        """The same spans in other tags: shape (num_tags,), the new index of each tag; and how many there are then."""
        # The last entry is found by -1: what is no tag stays none.
        moved = torch.cat([tags, tags.new_full((1,), -1)]).to(self.begin.device)
        return SpanTags(num_tags, int(moved[self.outside]), *moved[self.places])

    def writable(self, max_width: int) -> Tensor:
        """Which spans have all the tags that they need: bool, shape (max_width, num_labels)."""
        unit, ends = self.unit >= 0, (self.begin >= 0) & (self.last >= 0)
        middles = [ends & (self.inside >= 0)] * max(max_width - 2, 0)
        return torch.stack([unit, ends, *middles][:max_width])

    def write(self, segmentations: Segmentations, mask: Tensor) -> Tensor:
        """
        The tag paths of segmentations.

        # Parameters

        segmentations : `Segmentations`
            Shape (..., num_tokens).
        mask : `Tensor`
            Shape (..., num_tokens) or one that broadcasts, bool: true on tokens.

        # Returns

        `Tensor` of shape (..., num_tokens), tag indices, -1 where a tag is lacking; 0 on padding.
        """
        widths, labels = segmentations
        positions = torch.arange(widths.size(-1), device=widths.device)
        # Shape: (..., num_tokens), of each token where its segment starts, then the segment's width and label
        starts = (positions * (widths > 0)).cummax(dim=-1)[0]
        width, label = widths.gather(-1, starts), labels.gather(-1, starts)
        at_first, at_last = positions == starts, positions == starts + width - 1
        place = torch.where(at_first, 3 * at_last, 1 + at_last.long())
        # The last column is found by the label -1.
        written = torch.nn.functional.pad(self.places, (0, 1), value=self.outside)
        return written[place, label] * mask

    def read(self, paths: Tensor, mask: Tensor) -> Segmentations:
        """
        What tag paths seem to write: each span has the label of its first tag, and runs as far as the tags go on.

        Paths that the encoding does not allow are read, too; what is read, written again, is then another path.

        # Parameters

        paths : `Tensor`
            Shape (..., num_tokens); any valid index on padding.
        mask : `Tensor`
            Shape (..., num_tokens) or one that broadcasts, bool: true on tokens.
        """
        labels, goes_on = self._labels_and_continuations
        num_tokens = paths.size(-1)
        positions = torch.arange(num_tokens, device=paths.device)
        starts = mask & ~goes_on[paths]
        # Shape: (..., num_tokens), the first position from here on where no span goes on
        stops = positions.expand_as(starts).masked_fill(mask & ~starts, num_tokens)
        stops = stops.flip(-1).cummin(dim=-1)[0].flip(-1)
        # Shape: (..., num_tokens), the same of the next token: where a segment that starts here ends
        after = torch.nn.functional.pad(stops[..., 1:], (0, 1), value=num_tokens)
        return Segmentations((after - positions) * starts, labels[paths].masked_fill(~starts, -1))

    @property
    def _labels_and_continuations(self) -> Tuple[Tensor, Tensor]:
        """Of each tag the label, -1 if it has none, and whether it continues a span; both of shape (num_tags,)."""
        # What is no tag falls into the last entry, which -1 finds.
        labels = self.begin.new_full((self.num_tags + 1,), -1)
        labels[self.places] = torch.arange(len(self.begin), device=labels.device).expand(4, -1)
        goes_on = torch.zeros_like(labels, dtype=torch.bool)
        goes_on[self.places[1:3]] = True
        return labels[:-1], goes_on[:-1]

    def check(self, num_labels: int) -> None:
        """`ValueError` unless every tag stands for one label, and either for starts of spans or for what follows."""
        places = [place.tolist() for place in self[2:]]
        if any(len(place) != num_labels for place in places):
            raise ValueError(
                f"tags: expected one tag for each of {num_labels} labels, got {[len(p) for p in places]} "
                "of begin, inside, last and unit"
            )
        groups = [{self.outside}]
        for begin, inside, last, unit in zip(*places):
            groups += [{begin, unit} - {-1}, {inside, last} - {-1}]
        known = set().union(*groups)
        if len(known) != sum(map(len, groups)):
            raise ValueError(
                "tags: expected other tags for each label, and others to begin spans than to go on"
            )
        if min(known) < 0 or max(known) >= self.num_tags:
            raise ValueError(
                f"tags: expected indices below {self.num_tags}, got {min(known)} to {max(known)}"
            )
