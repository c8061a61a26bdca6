"""
The recursion over segmentations, and the ways in which spans are listed.

It knows a segment by start and width alone, since labels decide nothing beyond their span: it is small beside the
scores, and so it runs in double precision, which keeps its digits over thousands of tokens.
"""

from typing import Callable, Tuple

import torch
from torch import Tensor

from .layout import IMPOSSIBLE


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


def at_ends(boundaries: Tensor, max_width: int) -> Tensor:
    """
    The value of the boundary where each span ends; 0 for spans that pass the last one.

    Shapes: `boundaries` (batch_size, num_tokens + 1), what is returned (batch_size, num_tokens, max_width).
    """
    padded = torch.nn.functional.pad(boundaries[:, 1:], (0, max_width - 1))
    return padded.unfold(1, max_width, 1)


def with_outside(
    spans: Tensor, outside_scores: Tensor, join: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """
    All segments by start and width: the spans, and single tokens outside joined to those of width 1.

    Shapes: `spans` (batch_size, num_tokens, max_width), double, as what is returned; `outside_scores` (batch_size,
    num_tokens).
    """
    single = join(spans[..., 0], outside_scores.double())
    return torch.cat([single.unsqueeze(2), spans[..., 1:]], dim=2)


def prefixes(segments: Tensor, join: Callable[..., Tensor]) -> Tensor:
    """
    The recursion prefix[t] = join over w of prefix[t - w - 1] + segment[t - 1, w], with prefix[0] = 0.

    # Parameters

    segments : `Tensor`
        Shape (batch_size, num_tokens, max_width), double, listed where they end.
    join : `Callable[..., Tensor]`
        `torch.logsumexp` for the sum over all segmentations of the first t tokens, `torch.amax` for the best of them.

    # Returns

    `Tensor` of shape (batch_size, num_tokens + 1), double, by boundary: t is between the tokens t - 1 and t.
    """
    # Shape: (batch_size, max_width), the last prefixes, latest first
    window = torch.full_like(segments[:, 0], IMPOSSIBLE)
    window[:, 0] = 0.0
    found = [window[:, :1]]
    for segments_here in segments.unbind(1):
        found.append(join(window + segments_here, dim=1, keepdim=True))
        window = torch.cat([found[-1], window[:, :-1]], dim=1)
    return torch.cat(found, dim=1)


def before_and_after(segments: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
    """
    The log-sums over the segmentations of the tokens before each boundary, and of those after it.

    # Parameters

    segments : `Tensor`
        Shape (batch_size, num_tokens, max_width), double, listed where they start.
    lengths : `Tensor`
        Shape (batch_size, 1), of the sentences in tokens.

    # Returns

    Two `Tensor`s of shape (batch_size, num_tokens + 1), double.
    """
    # A sentence read backwards: what started at its last token ends at its first.
    tokens = torch.arange(segments.size(1), device=segments.device)
    mirrored = (lengths - 1 - tokens).clamp(min=0).unsqueeze(2).expand_as(segments)
    both = torch.cat([by_end(segments), segments.gather(1, mirrored)])
    before, after = prefixes(both, torch.logsumexp).chunk(2)
    boundaries = torch.arange(before.size(1), device=before.device)
    return before, after.gather(1, (lengths - boundaries).clamp(min=0))


def last_segments(found: Tensor, span_scores: Tensor, outside_scores: Tensor) -> Tensor:
    """
    The scores of the prefixes that end at each token, by their last segment.

    # Parameters

    found : `Tensor`
        Shape (batch_size, num_tokens + 1), double: the `prefixes`.
    span_scores, outside_scores : `Tensor`
        Shapes (batch_size, num_tokens, max_width, num_labels) and (batch_size, num_tokens).

    # Returns

    `Tensor` of shape (batch_size, num_tokens, 1 + max_width * num_labels), double: by a token outside, then by spans,
    of which the narrow and then those of lower labels come first.
    """
    before = found[:, :-1].unsqueeze(2)
    spans = by_end(before.unsqueeze(3) + span_scores)
    outside = before + outside_scores.unsqueeze(2)
    return torch.cat([outside, spans.flatten(2)], dim=2)
