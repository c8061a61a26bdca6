"""The best segmentations, against the enumeration of all."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.structures import SemiMarkov
from tests.brute_force_spans import close, random_span_batches, read
from tests.structures.random_chains import RANDOM


@RANDOM
@given(inputs=random_span_batches, k=st.sampled_from([1, 2, 3, 7, 20, 1100]))
def test_top_k(inputs, k):
    best = inputs.spans().top_k(k)
    assert best.segmentations.widths.shape == (len(inputs.mask), k, inputs.mask.size(1))
    for row, sentence in enumerate(inputs.sentences()):
        number = min(k, len(sentence.scores))
        assert best.mask[row].tolist() == [True] * number + [False] * (k - number)
        close(best.scores[row, :number], sentence.top_k(k))
        assert (best.scores[row, number:] == -math.inf).all()
        found = [read(best.segmentations, row, rank) for rank in range(number)]
        assert len(set(found)) == number
        close(best.scores[row, :number], [sentence.scores[one] for one in found])
        assert not best.segmentations.widths[row, number:].any()
        assert (best.segmentations.labels[row, number:] == -1).all()


@RANDOM
@given(inputs=random_span_batches)
def test_argmax(inputs):
    segmentations, scores = inputs.spans().argmax()
    for row, sentence in enumerate(inputs.sentences()):
        best = sentence.top_k(1)[0]
        close(scores[row], best)
        assert math.isclose(sentence.scores[read(segmentations, row)], best, abs_tol=1e-9)


def test_ties_are_broken_in_one_way():
    best = SemiMarkov(torch.zeros(1, 2, 2, 2)).top_k(11)
    assert [read(best.segmentations, 0, rank) for rank in range(11)] == [
        (first, last)
        for last in ((1, 1, -1), (1, 1, 0), (1, 1, 1))
        for first in ((0, 1, -1), (0, 1, 0), (0, 1, 1))
    ] + [((0, 2, 0),), ((0, 2, 1),)]


def test_a_sentence_without_possible_segmentation_has_none():
    spans = SemiMarkov(torch.full((1, 2, 2, 1), -math.inf), torch.full((1, 2), -math.inf))
    best = spans.top_k(2)
    assert not best.mask.any() and not best.segmentations.widths.any()
    assert (best.scores == -math.inf).all()


@pytest.mark.parametrize("k", [0, -1])
def test_refused_k(k):
    with pytest.raises(
        ValueError, match=f"k: expected a positive number of segmentations, got {k}"
    ):
        SemiMarkov(torch.zeros(1, 1, 1, 1)).top_k(k)
