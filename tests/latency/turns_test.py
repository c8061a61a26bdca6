"""Turns: who, how often, and in which order."""

import gc

import pytest

from skd_plugin.latency.turns import take_turns


@pytest.mark.parametrize("budget, rounds", [(0.0, 2), (7.9, 3), (8.0, 4), (100.0, 5)])
def test_rounds_fit_into_the_budget(budget, rounds):
    turns = []

    def turn(name, number):
        turns.append((name, number))
        return 1.0

    assert take_turns(["a", "b"], turn, budget, least=2, most=5) == rounds
    assert [number for _, number in turns[::2]] == list(range(rounds))
    assert "".join(name for name, _ in turns) == "abbaabbaab"[: 2 * rounds]


def test_rubbish_is_collected_again_after_an_error():
    def turn(name, number):
        assert not gc.isenabled()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_turns(["a"], turn, 0.0)
    assert gc.isenabled() and gc.get_freeze_count() == 0
