"""How far two accounts of one sentence are apart."""

import math

import numpy as np
import pytest

from skd_plugin.knowledge import Knowledge
from skd_plugin.knowledge.comparison import differences, same_paths


def log(*rows):
    with np.errstate(divide="ignore"):
        return np.log(np.array(rows, dtype=np.float32)).astype(np.float16)


def listed(*paths, asked=None):
    """Paths with their log-probabilities."""
    return Knowledge(
        paths=np.array([path for path, _ in paths], dtype=np.uint8),
        path_log_probs=np.array([log_prob for _, log_prob in paths], dtype=np.float32),
        num_paths_asked=asked or len(paths),
    )


@pytest.mark.parametrize("field", ["posteriors", "emissions"])
def test_probabilities(field):
    one = Knowledge(**{f"log_{field}": log([0.5, 0.5, 0], [1, 0, 0])})
    other = Knowledge(**{f"log_{field}": log([0.5, 0.25, 0.25], [0.9, 0.1, 0])})
    found = differences(one, other, 0)
    assert found == {field: pytest.approx(0.25, abs=1e-3)}
    assert differences(one, one, 0) == {field: 0}


def test_transitions():
    one = Knowledge(
        expected_transitions=np.array([[1, 1], [1, 1]], np.float16),
        transitions=np.array([[-np.inf, 1], [2, 3], [0, 0], [0, 0]], np.float32),
    )
    other = Knowledge(
        expected_transitions=np.array([[1, 1], [1.5, 0.5]], np.float16),
        transitions=np.array([[-np.inf, 1], [2, 3.25], [0, 0], [0, 0]], np.float32),
    )
    # The sentence has four transitions.
    assert differences(one, other, 0) == {"expected_transitions": 0.125, "transitions": 0.25}


def test_what_only_one_has_is_not_compared():
    one = Knowledge(log_posteriors=log([1.0]), transitions=np.zeros((3, 1), np.float32))
    assert differences(one, Knowledge(log_posteriors=log([1.0])), 0) == {"posteriors": 0}


@pytest.mark.parametrize(
    "one, other",
    [
        ([[-np.inf, 0.0]], [[0.0, 0.0]]),
        ([[np.nan, 0.0]], [[0.0, 0.0]]),
        ([[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_incomparable_values(one, other):
    knowns = [Knowledge(transitions=np.array(values)) for values in (one, other)]
    assert differences(*knowns, 0) == {"transitions": math.inf}
    assert differences(*knowns[::-1], 0) == {"transitions": math.inf}


A, B, C, D = [0, 0], [0, 1], [1, 0], [1, 1]


@pytest.mark.parametrize(
    "one, other, expected, same",
    [
        # Two tokens: half of the largest difference.
        (listed((A, -1), (B, -2)), listed((A, -1.5), (B, -2)), 0.25, True),
        (listed((A, -1), (B, -1.25)), listed((B, -1), (A, -1.25)), 0.125, False),
        # At the end of a list paths that are nearly as probable come and go.
        (listed((A, -1), (B, -2)), listed((A, -1), (C, -2)), 0, False),
        (listed((A, -1), (B, -1.5)), listed((A, -1), (C, -2)), 0.25, False),
        # A list that is not full has all paths that exist.
        (listed((A, -1), (B, -2)), listed((A, -1), asked=2), math.inf, False),
        (listed((A, -1), asked=2), listed((A, -1), asked=2), 0, True),
        # No more is compared than was asked for.
        (listed((A, -1), (B, -2), (C, -3)), listed((A, -1), (B, -2), (D, -9)), 0, True),
        (listed((A, np.nan), (B, -2)), listed((A, -1), (B, -2)), math.inf, True),
    ],
)
def test_paths(one, other, expected, same):
    for pair in ((one, other), (other, one)):
        assert differences(*pair, 2) == {"paths": expected}
        assert same_paths(*pair, 2) is same
