"""What is said of small outcomes, by hand."""

import json

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments.statistics import analyse, holm


def tagged(right, tokens):
    """Counts of a tagger: found and true ones are the tokens."""
    return np.stack(np.broadcast_arrays(right, tokens, tokens), axis=-1)


def outcomes_by_hand():
    """Two languages of unlike size; by method the tokens right on every sentence of ten."""
    right = {"teachers": (9, 8), "baseline": (5, 6), "posterior": (8, 6)}
    sizes = {"de": 2, "en": 6}
    return {
        (method, seed, "test", language): tagged(np.full(sizes[language], part), 10)
        for method, parts in right.items()
        for language, part in zip(sizes, parts)
        for seed in (1, 2)
    }


def row_of(rows, method, language):
    (row,) = [row for row in rows if (row["method"], row["language"]) == (method, language)]
    return row


def test_by_hand_and_macro_is_not_micro():
    found = analyse(outcomes_by_hand(), [("posterior", "baseline")], num_resamples=99)
    assert [row["mean"] for row in found.scores] == pytest.approx(
        [0.9, 0.8, 0.85, 0.5, 0.6, 0.55, 0.8, 0.6, 0.7]
    )
    assert [row["difference"] for row in found.comparisons] == pytest.approx([0.3, 0.0, 0.15])
    assert [row["p"] for row in found.comparisons] == pytest.approx([0.02, 1, 0.02])
    assert [row["p_corrected"] for row in found.comparisons] == pytest.approx([0.04, 1, 0.02])
    assert [row["value"] for row in found.gap_closed] == pytest.approx([0.75, 0.0, 0.5])
    assert [row["teachers_minus_baseline"] for row in found.gap_closed] == pytest.approx(
        [0.4, 0.2, 0.3]
    )
    assert [row["note"] for row in found.gap_closed] == [None] * 3


def test_further_teachers_close_no_gap():
    outcomes = outcomes_by_hand()
    expected = analyse(outcomes, [], num_resamples=50).gap_closed
    for language, size in (("de", 2), ("en", 6)):
        for seed in (1, 2):
            outcomes["teachers_weak", seed, "test", language] = tagged(np.full(size, 7), 10)
    found = analyse(outcomes, [], num_resamples=50)
    assert "teachers_weak" in {row["method"] for row in found.scores}
    assert found.gap_closed == expected


def test_f1_of_a_language_is_over_all_its_spans():
    spans = np.array([[1, 1, 1], [0, 0, 0], [0, 3, 0], [2, 2, 4]])
    score, macro = analyse({("a", 1, "test", "en"): spans}, [], num_resamples=50).scores
    assert score["mean"] == macro["mean"] == pytest.approx(2 * 3 / (6 + 5))
    assert score["sd"] is None and score["seeds"] == [1]
    assert 0 <= score["low"] < score["mean"] < score["high"] <= 1


def test_a_language_without_any_span():
    outcomes = {
        (method, seed, "test", language): np.zeros((3, 3), dtype=int)
        for method in ("teachers", "baseline", "a")
        for seed in (1, 2)
        for language in ("de", "en")
    }
    found = analyse(outcomes, [("a", "baseline")], num_resamples=50)
    assert {row["mean"] for row in found.scores} == {0}
    assert {(row["difference"], row["p"]) for row in found.comparisons} == {(0, 1)}
    assert {row["value"] for row in found.gap_closed} == {None}


def some_outcomes(seeds=(1, 2, 3), methods=("teachers", "baseline", "a", "b"), quality=0.03):
    generator = np.random.default_rng(3)
    return {
        (method, seed, split, language): tagged(
            generator.binomial(12, 0.9 - quality * number, size), 12
        )
        for number, method in enumerate(methods)
        for split, languages in (("test", {"de": 60, "en": 80}), ("zero_shot", {"fr": 50}))
        for language, size in languages.items()
        for seed in seeds
        if method != "teachers" or split == "test"
    }


def test_identical_methods_do_not_differ():
    outcomes = some_outcomes()
    outcomes.update(
        {("twin", *key[1:]): counts for key, counts in outcomes.items() if key[0] == "a"}
    )
    for row in analyse(outcomes, [("twin", "a")], num_resamples=100).comparisons:
        assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
        assert row["p"] == row["p_corrected"] == row["p_sentences"] == 1


def test_score_and_deviation_are_over_seeds():
    outcomes = some_outcomes()
    scores = [counts[:, 0].sum() / counts[:, 1].sum() for key, counts in outcomes.items()]
    of_seeds = [one for key, one in zip(outcomes, scores) if (key[0], key[3]) == ("a", "de")]
    row = row_of(analyse(outcomes, [], num_resamples=50).scores, "a", "de")
    assert row["mean"] == pytest.approx(np.mean(of_seeds))
    assert row["sd"] == pytest.approx(np.std(of_seeds, ddof=1))
    assert row["seeds"] == [1, 2, 3]


def test_only_common_seeds_are_compared():
    outcomes = some_outcomes()
    del outcomes["a", 2, "test", "en"], outcomes["baseline", 3, "test", "en"]
    found = analyse(outcomes, [("a", "baseline")], num_resamples=50)
    seeds = {(row["split"], row["language"]): row["seeds"] for row in found.comparisons}
    assert seeds["test", "de"] == [1, 2, 3]
    assert seeds["test", "en"] == seeds["test", "macro"] == [1]
    assert seeds["zero_shot", "fr"] == [1, 2, 3]
    assert row_of(found.scores[:12], "a", "macro")["seeds"] == [1, 3]
    one = {key: counts for key, counts in outcomes.items() if key[1] == 1}
    expected = row_of(
        analyse(one, [("a", "baseline")], num_resamples=50).comparisons[:3], "a", "en"
    )
    assert row_of(found.comparisons[:3], "a", "en")["difference"] == expected["difference"]


def test_without_a_common_seed_nothing_is_compared():
    outcomes = {key: counts for key, counts in some_outcomes().items() if key[:2] != ("a", 1)}
    outcomes = {key: counts for key, counts in outcomes.items() if key[0] == "a" or key[1] == 1}
    found = analyse(outcomes, [("a", "b"), ("b", "baseline"), ("b", "failed")], num_resamples=50)
    assert {(row["method"], row["against"]) for row in found.comparisons} == {("b", "baseline")}
    assert {row["method"] for row in found.gap_closed} == {"b"}


def test_nothing_is_said_of_nothing():
    assert analyse({}, [("a", "b")]).as_json() == {
        "resamples": 10_000,
        "level": 0.95,
        "scores": [],
        "comparisons": [],
        "gap_closed": [],
    }


def test_teachers_are_compared_on_the_test_split_only():
    found = analyse(some_outcomes(), [("a", "teachers"), ("a", "b")], num_resamples=50)
    where = {(row["against"], row["split"]) for row in found.comparisons}
    assert where == {("teachers", "test"), ("b", "test"), ("b", "zero_shot")}
    assert {row["split"] for row in found.gap_closed} == {"test"}


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2] and holm([]) == []


def test_correction_is_for_methods_with_the_same_reference():
    pairs = [("a", "baseline"), ("b", "baseline"), ("b", "a")]
    rows = analyse(some_outcomes(quality=0.01), pairs, num_resamples=100).comparisons
    families = {}
    for row in rows:
        key = row["split"], row["against"], row["language"] == "macro"
        families.setdefault(key, []).append(row)
    sizes = {key: len(family) for key, family in families.items()}
    assert sizes["test", "baseline", False] == 4 and sizes["test", "baseline", True] == 2
    assert sizes["zero_shot", "a", True] == 1
    for family in families.values():
        expected = holm([row["p"] for row in family])
        assert [row["p_corrected"] for row in family] == expected
    assert any(row["p"] < row["p_corrected"] < 1 for row in rows)


def test_gap_closed_is_nothing_where_teachers_are_not_above():
    outcomes = outcomes_by_hand()
    for seed in (1, 2):
        outcomes["teachers", seed, "test", "de"] = outcomes["baseline", seed, "test", "de"]
    rows = analyse(outcomes, [], num_resamples=50).gap_closed
    row = row_of(rows, "posterior", "de")
    assert row["value"] is row["low"] is row["high"] is None
    assert row["note"] == "the teachers are not above the baseline"
    assert row["teachers_minus_baseline"] == 0
    assert row_of(rows, "posterior", "macro")["value"] == pytest.approx(1.5)


def test_gap_closed_is_unstable_where_teachers_may_not_be_above():
    outcomes = some_outcomes(quality=0.005, seeds=(1, 2, 4))
    found = analyse(outcomes, [("teachers", "baseline")], num_resamples=200)
    for row in found.gap_closed:
        gap = row_of(found.comparisons, "teachers", row["language"])
        assert row["teachers_minus_baseline"] == pytest.approx(gap["difference"])
        if gap["difference"] > 0:
            assert gap["low"] < 0 and row["low"] < row["value"] < row["high"]
            assert row["note"] == "unstable: the interval of teachers - baseline contains 0"
    assert any(row["value"] is not None for row in found.gap_closed)


def test_same_seed_same_statistics_whoever_else_there_is():
    outcomes, pairs = some_outcomes(), [("a", "baseline")]
    found = analyse(outcomes, pairs, num_resamples=100)
    assert found == analyse(outcomes, pairs, num_resamples=100)
    assert found != analyse(outcomes, pairs, num_resamples=100, seed=1)
    fewer = {key: counts for key, counts in outcomes.items() if key[0] != "b" and key[3] != "en"}
    alone = row_of(analyse(fewer, pairs, num_resamples=100).comparisons[:2], "a", "de")
    together = row_of(found.comparisons[:3], "a", "de")
    for field in ("difference", "low", "high", "p", "p_sentences"):
        assert alone[field] == together[field]


def test_the_same_on_every_machine():
    outcomes = {
        (method, 1, "test", "en"): tagged(np.arange(9) % modulus, 9)
        for method, modulus in (("a", 7), ("b", 5))
    }
    row, _ = analyse(outcomes, [("a", "b")], num_resamples=1000).comparisons
    assert row["difference"] == pytest.approx(6 / 81)
    assert (row["low"], row["p_sentences"]) == pytest.approx((-0.102703203, 0.447552448), abs=1e-8)


def test_order_of_sentences_does_not_matter():
    outcomes, order = some_outcomes(), np.random.default_rng(1)
    orders = {size: order.permutation(size) for size in (50, 60, 80)}
    shuffled = {key: counts[orders[len(counts)]] for key, counts in outcomes.items()}
    rows, others = (analyse(one, [("a", "baseline")]).comparisons for one in (outcomes, shuffled))
    for row, other in zip(rows, others):
        assert row["difference"] == other["difference"]
        width = row["high"] - row["low"]
        assert row["low"] == pytest.approx(other["low"], abs=0.03 * width)
        assert row["p"] == pytest.approx(other["p"], abs=0.02)


def test_json_has_the_fields_of_the_file():
    found = analyse(some_outcomes(), [("a", "baseline")], num_resamples=50, level=0.9)
    read = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert (read["resamples"], read["level"]) == (50, 0.9)
    shared = ["method", "split", "language"]
    assert sorted(read["scores"][0]) == sorted([*shared, "mean", "sd", "low", "high", "seeds"])
    assert sorted(read["comparisons"][0]) == sorted(
        [
            *shared,
            "against",
            "difference",
            "low",
            "high",
            "p",
            "p_corrected",
            "p_sentences",
            "seeds",
        ]
    )
    assert sorted(read["gap_closed"][0]) == sorted(
        [*shared, "value", "low", "high", "teachers_minus_baseline", "note"]
    )


def test_too_few_resamples_are_refused():
    with pytest.raises(ConfigurationError) as error:
        analyse(some_outcomes(), [], num_resamples=1)
    assert error.value.message == "num_resamples: expected 2 or more, got 1"


def test_the_same_sentences_are_resampled_together() -> None:
    """Of languages that are right and wrong alike the macro average is as noisy as each; of others it is less so."""
    counts = np.array([[number % 2, 1, 1] for number in range(40)])
    outcomes = {("a", 1, "test", language): counts for language in ("de", "fr")}
    files = {("test", language): "test.tsv" for language in ("de", "fr")}
    widths = {}
    for name, same in (("alone", {}), ("together", files)):
        found = {
            one["language"]: one for one in analyse(outcomes, [], 500, same_sentences=same).scores
        }
        widths[name] = {language: one["high"] - one["low"] for language, one in found.items()}
    assert widths["together"]["macro"] == widths["together"]["de"] == widths["together"]["fr"]
    assert widths["alone"]["macro"] < 0.85 * widths["alone"]["de"]
