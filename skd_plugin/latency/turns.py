"""Calls that take turns, so that whatever else the machine does falls on all of them alike."""

import gc
from typing import Callable, List


def take_turns(
    names: List[str],
    turn: Callable[[str, int], float],
    budget: float,
    least: int = 5,
    most: int = 100,
) -> int:
    """
    Gives everybody a turn in each round, every other round in the opposite order. Warm them up before.

    # Parameters

    names : `List[str]`
    turn : `Callable[[str, int], float]`
        Does a name's turn of a round (from 0), and returns its seconds.
    budget : `float`
        Seconds; it says how many rounds there are, within `least` and `most`.

    # Returns

    `int`, how many rounds there were.
    """
    # What exists by now is not looked at again, so that collecting after every round is quick.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        spent, rounds = 0.0, 0
        while rounds < least or (rounds < most and spent * (rounds + 1) / rounds <= budget):
            for name in names if rounds % 2 == 0 else reversed(names):
                spent += turn(name, rounds)
            rounds += 1
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return rounds
