"""How often the statistics are right about simulated experiments whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from skd_plugin.experiments.statistics import analyse

LANGUAGES = {"de": 60, "en": 180}
PAIRS = 400
SEEDS = (1, 2, 3, 4, 5)


def tagged(right, tokens):
    """Counts of a tagger: found and true ones are the tokens."""
    return np.stack(np.broadcast_arrays(right, tokens, tokens), axis=-1)


def simulated(effect=0.0, of_seeds=0.0, seeds=SEEDS, languages=None, tokens=None, alike=False):
    """
    Outcomes of many pairs of methods, the first of which is better by `effect`.

    `of_seeds` is the deviation of a training run, in all languages alike. `alike`: a method is right on the same tokens
    with every seed. With `tokens`, there is no noise of sentences: each has so many tokens and the same part right.
    """
    generator, outcomes = np.random.default_rng(1), {}
    for language, num_sentences in (languages or LANGUAGES).items():
        lengths = generator.integers(3, 30, num_sentences)
        for pair in range(PAIRS):
            runs = np.random.default_rng([2, pair])
            for name, chance in (("new", 0.7 + effect), ("old", 0.7)):
                easy = generator.uniform(-0.15, 0.15, num_sentences)
                same = generator.binomial(lengths, chance + easy)
                for seed in seeds:
                    moved = chance + easy + runs.normal(0, of_seeds)
                    right = same if alike else generator.binomial(lengths, moved.clip(0, 1))
                    counts = tagged(right, lengths)
                    if tokens:
                        part = round(tokens * (moved[0] - easy[0]))
                        counts = tagged(np.full(num_sentences, part), tokens)
                    outcomes[f"{name} {pair}", seed, "test", language] = counts
    return outcomes


def compared(outcomes, language="macro"):
    """The comparisons of all pairs on a language."""
    pairs = [(f"new {pair}", f"old {pair}") for pair in range(PAIRS)]
    rows = analyse(outcomes, pairs, num_resamples=200).comparisons
    return [row for row in rows if row["language"] == language]


def about(part):
    """Within what nearly every simulation lies if that part of its pairs is expected."""
    low, high = stats.binom.interval(0.998, PAIRS, part)
    return lambda number: low <= number <= high


def significant(rows):
    return sum(row["p"] < 0.05 for row in rows)


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param({"alike": True}, id="sentences alone"),
        pytest.param({"of_seeds": 0.01, "tokens": 10_000}, id="seeds alone"),
        pytest.param({"of_seeds": 0.01}, id="both"),
        pytest.param({"seeds": (1,)}, id="one seed"),
        pytest.param({"alike": True, "languages": {"en": 100}}, id="one language"),
    ],
)
def test_false_positives_are_about_5_percent(noise):
    rows = compared(simulated(**noise))
    assert about(0.05)(significant(rows))
    assert about(0.05)(sum(not row["low"] <= 0 <= row["high"] for row in rows))


def test_power_rises_and_intervals_cover_the_true_difference():
    found = []
    for effect in (0.02, 0.08):
        rows = compared(simulated(effect, of_seeds=0.01))
        found.append(significant(rows))
        # A little above 95 %: of two kinds of noise the margin is rather too wide than too narrow.
        assert about(0.96)(sum(row["low"] <= effect <= row["high"] for row in rows))
    assert 0.1 * PAIRS < found[0] < 0.5 * PAIRS and found[1] > 0.95 * PAIRS


def test_intervals_of_the_gap_closed_cover_the_truth():
    generator, covered, number = np.random.default_rng(5), 0, 200
    for _ in range(number):
        outcomes = {}
        for method, chance in (("baseline", 0.8), ("teachers", 0.9), ("a", 0.85)):
            for seed in SEEDS:
                run = chance + generator.normal(0, 0.01)
                counts = tagged(generator.binomial(15, run, 60), 15)
                outcomes[method, seed, "test", "en"] = counts
        row, _ = analyse(outcomes, [], num_resamples=200).gap_closed
        covered += row["low"] <= 0.5 <= row["high"]
    low, high = stats.binom.interval(0.998, number, 0.96)
    assert low <= covered <= high
