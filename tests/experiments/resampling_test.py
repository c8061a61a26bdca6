"""Resampled scores beside scipy's bootstrap, and estimates beside textbooks' tests."""

import math

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError
from scipy import stats

from skd_plugin.experiments.resampling import check, estimate, resampled_scores


def counts_of(generator, num_runs, num_sentences):
    """Of taggers: found and true ones are the tokens."""
    tokens = generator.integers(3, 30, num_sentences)
    right = generator.binomial(tokens, 0.8, (num_runs, num_sentences))
    return np.stack([right, *np.broadcast_arrays(tokens, tokens, right)[:2]], axis=2)


def gaussian_values(generator, deviations, num_seeds, num_resamples=200):
    """Values and resamples whose noise has given deviations: of seeds, of sentences, and of seeds on sentences."""
    of_seeds, of_sentences, of_both = deviations
    shape = (1 + num_resamples, num_seeds)
    noise = generator.normal(0, of_sentences, (shape[0], 1)) + generator.normal(0, of_both, shape)
    noise[1:] += noise[0]
    return noise + generator.normal(0, of_seeds, num_seeds)


def test_scores_of_the_sentences_as_they_are():
    spans = [[[2, 3, 3], [0, 1, 0]], [[0, 0, 0], [0, 0, 0]]]
    values = resampled_scores(np.array(spans), 50, np.random.default_rng(1))
    assert values[0].tolist() == [pytest.approx(4 / 7), 0]
    # Two sentences drawn from two: both first ones, one of each, or both second ones, which have no right span.
    assert set(values[1:, 0].round(6)) == {round(4 / 6, 6), round(4 / 7, 6), 0}
    assert not values[:, 1].any()


def test_a_resample_without_spans_scores_0():
    spans = np.array([[[1, 1, 1], [0, 0, 0], [0, 0, 0]]])
    values = resampled_scores(spans, 2000, np.random.default_rng(1))
    assert set(values[:, 0]) == {0, 1}
    assert np.mean(values[1:, 0] == 0) == pytest.approx((2 / 3) ** 3, abs=0.04)


def test_all_runs_have_the_same_resamples_in_any_company(monkeypatch):
    counts = counts_of(np.random.default_rng(1), 3, 40)
    together = resampled_scores(counts, 100, np.random.default_rng(2))
    alone = resampled_scores(counts[1:2], 100, np.random.default_rng(2))
    assert (together[:, 1] == alone[:, 0]).all()
    monkeypatch.setattr("skd_plugin.experiments.resampling.WEIGHTS_AT_ONCE", 70)
    assert (resampled_scores(counts, 100, np.random.default_rng(2)) == together).all()


def test_the_spread_is_that_of_the_bootstrap_of_scipy():
    counts = counts_of(np.random.default_rng(1), 2, 200)

    def difference(one, other, tokens, axis):
        return (one.sum(axis) - other.sum(axis)) / tokens.sum(axis)

    values = resampled_scores(counts, 5000, np.random.default_rng(2))
    expected = stats.bootstrap(
        (counts[0, :, 0], counts[1, :, 0], counts[0, :, 1]),
        difference,
        paired=True,
        vectorized=True,
        n_resamples=5000,
        method="percentile",
        random_state=np.random.default_rng(3),
    )
    found = estimate(values[:, :1] - values[:, 1:], 0.95)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * expected.standard_error, rel=0.04)
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.002)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.002)


def test_with_one_seed_it_is_the_normal_over_sentences():
    draws = np.random.default_rng(1).normal(2.0, 1.0, 500)
    found = estimate(np.append(2.0, draws)[:, None], 0.9)
    error = draws.std(ddof=1)
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.9, 2.0, error))
    assert found.p == pytest.approx(2 * stats.norm.sf(2.0 / error))
    assert found.p_sentences == pytest.approx(2 * (1 + sum(draws <= 0)) / 501)


@pytest.mark.parametrize("num_seeds", [2, 3, 5])
def test_without_noise_of_sentences_it_is_student_s_test_over_seeds(num_seeds):
    of_seeds = np.random.default_rng(num_seeds).normal(1.0, 0.5, num_seeds)
    found = estimate(np.tile(of_seeds, (101, 1)), 0.95)
    expected = stats.t.interval(0.95, num_seeds - 1, of_seeds.mean(), stats.sem(of_seeds))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.p == pytest.approx(stats.ttest_1samp(of_seeds, 0).pvalue)
    assert found.p_sentences == pytest.approx(2 / 101)


def test_of_both_the_quantile_is_between_those_of_both():
    noise = np.random.default_rng(1).normal(0, 0.3, (1000, 1))
    noise -= noise.mean()
    values = np.array([[0.2, 1.0]]) + np.vstack([[[0.0]], noise])
    found = estimate(values, 0.95)
    sentences, seeds = noise.var(ddof=1), 0.8**2 / 2 / 2
    margin = (sentences * stats.norm.ppf(0.975) + seeds * stats.t.ppf(0.975, 1)) / math.sqrt(
        sentences + seeds
    )
    assert (found.low, found.high) == pytest.approx((0.6 - margin, 0.6 + margin))
    assert estimate(values, 1 - found.p).low == pytest.approx(0, abs=1e-8)


def test_noise_of_seeds_on_sentences_is_counted_once():
    generator, margins = np.random.default_rng(1), []
    for _ in range(100):
        found = estimate(gaussian_values(generator, (1.0, 0.5, 2.0), num_seeds=40), 0.95)
        margins.append((found.high - found.low) / 2)
    # Counted twice it would be larger by a fifth.
    expected = 2.0 * math.sqrt(0.5**2 + (1.0**2 + 2.0**2) / 40)
    assert np.mean(margins) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("num_seeds", [2, 5])
@pytest.mark.parametrize("deviations", [(1, 0.1, 0), (1, 1, 0), (0, 1, 1), (0, 0.1, 1), (1, 1, 1)])
def test_false_positives_are_at_most_5_percent(deviations, num_seeds):
    generator, number = np.random.default_rng(7), 1500
    p = [estimate(gaussian_values(generator, deviations, num_seeds), 0.95).p for _ in range(number)]
    assert sum(one < 0.05 for one in p) <= stats.binom.ppf(0.999, number, 0.05)
    assert sum(one < 0.005 for one in p) <= stats.binom.ppf(0.999, number, 0.0125)


def test_never_surer_than_over_sentences_alone():
    generator = np.random.default_rng(1)
    for _ in range(50):
        values = gaussian_values(generator, (0, 0.1, 1), num_seeds=2)
        found, alone = estimate(values, 0.95), estimate(values.mean(axis=1, keepdims=True), 0.95)
        assert found.low <= alone.low + 1e-12 and found.p >= alone.p * (1 - 1e-9)


def test_no_difference_anywhere():
    assert estimate(np.zeros((101, 3)), 0.95) == (0, 0, 0, 1, 1)


def test_a_mean_of_0_over_seeds_that_differ():
    found = estimate(np.tile([0.1, -0.1], (101, 1)), 0.95)
    assert found.value == 0 and found.p == 1 and found.low == -found.high < 0


def test_a_difference_that_never_varies_is_as_sure_as_the_resamples_can_tell():
    assert estimate(np.full((101, 3), 0.1), 0.95).p == pytest.approx(2 / 101)


@pytest.mark.parametrize("num_seeds", [1, 2, 5])
def test_very_small_p(num_seeds):
    generator = np.random.default_rng(1)
    found = [
        estimate(1000.0**power + gaussian_values(generator, (1, 1, 0), num_seeds), 0.95).p
        for power in (1, 2, 3)
    ]
    assert 0 < found[2] <= found[1] <= found[0] < 0.01


def test_runs_with_other_sentences_are_refused():
    outcomes = {("a", 1, "test", "en"): np.zeros((4, 3)), ("b", 2, "test", "en"): np.zeros((5, 3))}
    with pytest.raises(ConfigurationError) as error:
        check(outcomes)
    assert error.value.message == (
        'test of "en", method "b", seed 2: expected counts of the same 2 or more sentences as in the other runs, '
        "of shape (4, 3), got (5, 3)"
    )


@pytest.mark.parametrize("shape", [(1, 3), (0, 3), (4, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ConfigurationError, match="of the same 2 or more sentences"):
        check({("a", 1, "test", "en"): np.zeros(shape)})
