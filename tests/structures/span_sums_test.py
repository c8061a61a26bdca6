"""The recursion over segmentations, and how spans are listed."""

import itertools
import math

import pytest
import torch

from skd_plugin.structures.span_sums import (
    at_ends,
    before_and_after,
    by_end,
    last_segments,
    prefixes,
    with_outside,
)


def test_by_end():
    spans = torch.arange(24.0).view(1, 4, 3, 2)
    found = by_end(spans)
    for token in range(4):
        for width in range(3):
            expected = spans[0, token - width, width] if width <= token else torch.tensor(-1e30)
            assert (found[0, token, width] == expected).all()


def test_at_ends():
    boundaries = torch.arange(1.0, 6.0).view(1, 5)
    assert at_ends(boundaries, 3)[0].tolist() == [[2, 3, 4], [3, 4, 5], [4, 5, 0], [5, 0, 0]]


def cuts(num_tokens, max_width):
    """All ways to cut so many tokens, as lists of (start, width)."""
    for number in range(num_tokens + 1):
        for widths in itertools.product(range(1, max_width + 1), repeat=number):
            if sum(widths) == num_tokens:
                yield list(zip([0, *itertools.accumulate(widths)], widths))


def scores_of_cuts(segments, start, stop):
    """The scores of all ways to cut the tokens from `start` to `stop`."""
    return [
        math.fsum(segments[start + token][width - 1] for token, width in cut)
        for cut in cuts(stop - start, len(segments[0]))
    ]


@pytest.mark.parametrize("max_width", [1, 2, 3, 6])
def test_prefixes(max_width):
    segments = torch.randn(2, 4, max_width, dtype=torch.float64)
    sums = prefixes(by_end(segments), torch.logsumexp)
    best = prefixes(by_end(segments), torch.amax)
    for row in range(2):
        for stop in range(5):
            scores = scores_of_cuts(segments[row].tolist(), 0, stop)
            expected = math.log(math.fsum(map(math.exp, scores)))
            assert sums[row, stop].item() == pytest.approx(expected, abs=1e-12)
            assert best[row, stop].item() == pytest.approx(max(scores), abs=1e-12)


def test_before_and_after():
    lengths = torch.tensor([[4], [2], [1]])
    segments = torch.randn(3, 4, 3, dtype=torch.float64)
    starts, widths = torch.arange(4).unsqueeze(1), 1 + torch.arange(3)
    segments = segments.masked_fill(starts + widths > lengths.unsqueeze(2), -1e30)
    before, after = before_and_after(segments, lengths)
    assert before.shape == after.shape == (3, 5)
    for row, length in enumerate([4, 2, 1]):
        for boundary in range(length + 1):
            of_row = segments[row].tolist()
            for found, (start, stop) in ((before, (0, boundary)), (after, (boundary, length))):
                expected = math.log(math.fsum(map(math.exp, scores_of_cuts(of_row, start, stop))))
                assert found[row, boundary].item() == pytest.approx(expected, abs=1e-12)


def test_with_outside():
    spans, outside = torch.randn(2, 3, 2, dtype=torch.float64), torch.randn(2, 3)
    for join in (torch.logaddexp, torch.maximum):
        found = with_outside(spans, outside, join)
        assert torch.equal(found[..., 1], spans[..., 1]) and found.dtype == torch.float64
        assert torch.equal(found[..., 0], join(spans[..., 0], outside.double()))


def test_last_segments_come_in_order():
    found = torch.tensor([[0.0, 10.0, 20.0]], dtype=torch.float64)
    spans = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]])
    scores = last_segments(found, spans, torch.tensor([[-1.0, -2.0]]))
    # Outside, then width 1 with each label, then width 2.
    assert scores[0, 1].tolist() == [8.0, 15.0, 16.0, 3.0, 4.0]
    assert scores[0, 0, :3].tolist() == [-1.0, 1.0, 2.0] and (scores[0, 0, 3:] < -1e29).all()
