"""Times of calls that take turns."""

import gc
import statistics
import time
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import torch

Call = Callable[[], Any]


class Setting(NamedTuple):
    """
    Where and with what a measurement runs.

    # Parameters

    device : `str`
        "cpu" or "cuda".
    threads : `int`, optional (default = `1`)
        Of torch on the CPU.
    """

    device: str
    threads: int = 1

    def __str__(self) -> str:
        if self.device != "cpu":
            return "GPU"
        return f"{self.threads} thread{'s' if self.threads > 1 else ''}"

    def enter(self) -> None:
        """From now on."""
        torch.set_num_threads(self.threads)


class Timing(NamedTuple):
    """
    Medians over rounds.

    # Parameters

    seconds : `float`
        Of a call.
    ratio : `float`
        Of its time to that of the first call of the same round.
    quartiles : `Tuple[float, float]`
        Of the ratios: half of them lie between.
    rounds : `int`
    """

    seconds: float
    ratio: float
    quartiles: Tuple[float, float]
    rounds: int


def once(call: Call, device: str) -> float:
    """Seconds of one call; on a GPU, until its work is done."""
    _synchronize(device)
    start = time.perf_counter()
    call()
    _synchronize(device)
    return time.perf_counter() - start


def take_turns(
    calls: Dict[str, Call], device: str, budget: float, least: int = 5, most: int = 100
) -> Dict[str, Timing]:
    """
    Runs all calls in rounds, every other round in the opposite order, so that whatever else the machine does falls on
    all of them alike. Warm them up before.

    # Parameters

    calls : `Dict[str, Call]`
        The first is what the others are compared with.
    device : `str`
    budget : `float`
        Seconds; it says how many rounds there are, within `least` and `most`.
    """
    names = list(calls)
    seconds: Dict[str, List[float]] = {name: [] for name in names}
    # What exists by now is not looked at again, so that collecting after every round is quick.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        spent, rounds = 0.0, 0
        while rounds < least or (rounds < most and spent * (rounds + 1) / rounds <= budget):
            for name in names if rounds % 2 == 0 else reversed(names):
                seconds[name].append(once(calls[name], device))
                spent += seconds[name][-1]
            rounds += 1
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return {name: _summarised(seconds[name], seconds[names[0]]) for name in names}


def _summarised(seconds: List[float], base: List[float]) -> Timing:
    ratios = sorted(one / other for one, other in zip(seconds, base))
    quartiles = (ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4])
    return Timing(statistics.median(seconds), statistics.median(ratios), quartiles, len(ratios))


def _synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
