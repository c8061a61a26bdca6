"""Times of calls that take turns."""

import statistics
import time
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import torch

from skd_plugin.latency import turns

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
    Runs all calls in rounds, in turns. Warm them up before.

    # Parameters

    calls : `Dict[str, Call]`
        The first is what the others are compared with.
    device : `str`
    budget : `float`
        Seconds; it says how many rounds there are, within `least` and `most`.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in calls}

    def turn(name: str, _: int) -> float:
        seconds[name].append(once(calls[name], device))
        return seconds[name][-1]

    turns.take_turns(list(calls), turn, budget, least, most)
    base = next(iter(seconds.values()))
    return {name: _summarised(some, base) for name, some in seconds.items()}


def _summarised(seconds: List[float], base: List[float]) -> Timing:
    ratios = sorted(one / other for one, other in zip(seconds, base))
    quartiles = (ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4])
    return Timing(statistics.median(seconds), statistics.median(ratios), quartiles, len(ratios))


def _synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
