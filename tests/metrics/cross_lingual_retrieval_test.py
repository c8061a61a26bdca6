"""Search for translations, beside brute force."""

import math
import random

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.metrics import CrossLingualRetrieval, retrieval_ranks
from skd_plugin.metrics.retrieval_ranks import Ranks, find_translations
from tests.losses.alignment.batches import vectors


def sides(size=23, dim=4):
    """Noisy translations, two of which are the same as another."""
    one = vectors(0, size, dim)
    other = one + 0.7 * vectors(1, size, dim)
    other[3] = other[5]
    other[7] = 2 * other[5]
    return one, other


def scores_of(one, other, neighbors):
    """The whole matrix."""
    one, other = (rows.numpy().astype(np.float64) for rows in (one, other))
    one = one / np.linalg.norm(one, axis=1, keepdims=True)
    cosines = one @ (other / np.linalg.norm(other, axis=1, keepdims=True)).T
    if neighbors is None:
        return cosines
    nearest = [np.sort(matrix, axis=1)[:, -neighbors:].mean(1) for matrix in (cosines, cosines.T)]
    return 2 * cosines - nearest[0][:, None] - nearest[1][None, :]


def by_lot(scores, samples=4000):
    """Precision at 1 and mean reciprocal rank, where equal scores are put in order by lot."""
    generator = random.Random(0)
    firsts, ranks = [], []
    for row, all_scores in enumerate(scores):
        better = int((all_scores > all_scores[row] + 1e-5).sum())
        equal = int((abs(all_scores - all_scores[row]) <= 1e-5).sum())
        drawn = [better + generator.randint(1, equal) for _ in range(samples if equal > 1 else 1)]
        firsts.append(np.mean([rank == 1 for rank in drawn]))
        ranks.append(np.mean([1 / rank for rank in drawn]))
    return np.mean(firsts), np.mean(ranks)


@pytest.mark.parametrize("neighbors", [None, 1, 4, 100])
@pytest.mark.parametrize("at_once", [5, 23, 2048])
def test_as_brute_force_has_it(monkeypatch, neighbors, at_once):
    monkeypatch.setattr(retrieval_ranks, "AT_ONCE", at_once)
    one, other = sides()
    found = find_translations(one, other, neighbors)
    scores = scores_of(one, other, neighbors)
    for ranks, of_direction in zip(found, (scores, scores.T)):
        precision, reciprocal = by_lot(of_direction)
        assert ranks.precision_at_1.mean().item() == pytest.approx(precision, abs=5e-3)
        assert ranks.reciprocal_rank.mean().item() == pytest.approx(reciprocal, abs=5e-3)
        better = [(row > row[place] + 1e-5).sum() for place, row in enumerate(of_direction)]
        assert ranks.better.tolist() == better


def test_by_hand():
    """The first is right, the second is equal to one other, the third has one better and two equal ones."""
    ranks = Ranks(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2]))
    assert ranks.precision_at_1.tolist() == [1, 0.5, 0]
    expected = [1, (1 + 1 / 2) / 2, (1 / 2 + 1 / 3 + 1 / 4) / 3]
    assert ranks.reciprocal_rank.tolist() == pytest.approx(expected)


def test_an_encoder_that_says_the_same_of_all_finds_nothing():
    alike = torch.ones(50, 3)
    for neighbors in (None, 10):
        ranks, _ = find_translations(alike, alike, neighbors)
        assert ranks.precision_at_1.mean().item() == pytest.approx(1 / 50)


def test_rounding_does_not_count():
    """Of many features: a sum of products is not that of a product of matrices."""
    one = vectors(0, 300, 384)
    other = one + 3 * vectors(1, 300, 384)
    for neighbors in (None, 10):
        scores = scores_of(one, other, neighbors)
        ranks, _ = find_translations(one, other, neighbors)
        better = [(row > row[place]).sum() for place, row in enumerate(scores)]
        assert ranks.better.tolist() == better and not ranks.equal.any()


def test_what_is_no_number_is_refused():
    one, other = sides()
    other[2, 1] = float("nan")
    with pytest.raises(ValueError, match="embeddings: expected finite numbers, got some that are"):
        find_translations(one, other)


def test_no_more_than_a_block_of_scores_is_held(monkeypatch):
    """A million candidates would be 4 TB of scores."""
    monkeypatch.setattr(retrieval_ranks, "AT_ONCE", 64)
    largest = []
    topk = torch.Tensor.topk
    monkeypatch.setattr(
        torch.Tensor, "topk", lambda self, *a, **k: largest.append(self.numel()) or topk(self, *a, **k)
    )  # fmt: skip
    find_translations(vectors(0, 1000, 3), vectors(1, 1000, 3), 10)
    assert max(largest) == 64 * (64 + 10)


def test_languages_and_their_mean():
    metric = CrossLingualRetrieval(csls_neighbors=3)
    one, other = sides()
    metric("de", one[:10], other[:10])
    metric("fr", one, one)
    metric("de", one[10:], other[10:])
    assert metric.get_metric() == {}
    values = metric.get_metric(reset=True)
    assert values["_fr_from_pivot_cosine_p_at_1"] == values["_fr_to_pivot_csls_mrr"] == 1
    for direction, ranks in zip(("from_pivot", "to_pivot"), find_translations(one, other, 3)):
        expected = ranks.reciprocal_rank.mean().item()
        assert values[f"_de_{direction}_csls_mrr"] == pytest.approx(expected)
    assert len(values) == 2 * 2 * 4 + 4
    of_de = values["_de_from_pivot_cosine_p_at_1"] + values["_de_to_pivot_cosine_p_at_1"]
    assert math.isclose(values["macro_cosine_p_at_1"], (of_de + 2) / 4)
    assert metric.get_metric(reset=True) == {}


def test_refused():
    with pytest.raises(ConfigurationError, match="csls_neighbors: expected 1 or more, got 0"):
        CrossLingualRetrieval(csls_neighbors=0)
