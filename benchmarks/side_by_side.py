"""All libraries on one cell of the grid: checked against one another first, then timed in turns."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Type

import torch

from benchmarks.agreement import Verdict, check_nll, check_paths
from benchmarks.libraries import Library, Ours
from benchmarks.peers import PEERS, missing
from benchmarks.problems import Problem, Shape, make_problem
from benchmarks.timing import Setting, Timing, once, take_turns

# A peer that takes longer than this is measured in one call; one that would take longer than that is not called.
SECONDS_TO_REPEAT = 0.5
SECONDS_TO_CALL = 5.0
GIGABYTES_TO_CALL = 4.0

NO_SUCH_TASK = "has none"


class Cell(NamedTuple):
    """
    One library on one task and size.

    # Parameters

    task : `str`
        "nll", "decode", "top_k", ...
    shape : `Shape`
    k : `int`
        How many paths; 1 where it does not apply.
    setting : `Setting`
    library : `str`
    timing : `Timing`, optional
        `None` if it was not timed; its ratio is that of the library's time to ours.
    note : `str`
        Why it was not timed, or how.
    """

    task: str
    shape: Shape
    k: int
    setting: Setting
    library: str
    timing: Optional[Timing]
    note: str = ""

    @property
    def is_base(self) -> bool:
        """Whether the others of its task are compared with it."""
        return self.library in ("skd_plugin", "log_partition", "NLL")


class SideBySide:
    """
    Runs cells, small ones first, and remembers how long the peers took, to predict how long they would take.

    # Parameters

    setting : `Setting`
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._missing = missing(PEERS)
        # Measured by predicted time of the last call, by library and task
        self._per_nanosecond: Dict[Tuple[str, str], float] = {}

    def run(self, task: str, shape: Shape, k: int, budget: float) -> List[Cell]:
        """The cells of all libraries, ours first; rounds take `budget` seconds or little more."""
        problem = make_problem(shape, torch.device(self.setting.device))
        ours = Ours(problem)
        call = _call(ours, task, k)
        outcome = call()
        calls = {ours.name: call}
        notes: Dict[str, str] = {}
        single: Dict[str, float] = {}
        for peer in PEERS:
            note = self._why_not(peer, task, shape, k)
            if not note:
                note = self._admit(peer, problem, task, k, outcome, calls, single)
            notes[peer.name] = note
        timings = take_turns(calls, self.setting.device, budget)
        base = timings[ours.name].seconds
        for name, seconds in single.items():
            timings[name] = Timing(seconds, seconds / base, (seconds / base, seconds / base), 1)
        names = [ours.name, *(peer.name for peer in PEERS)]
        return [
            Cell(task, shape, k, self.setting, name, timings.get(name), notes.get(name, ""))
            for name in names
        ]

    def _why_not(self, peer: Type[Library], task: str, shape: Shape, k: int) -> str:
        if peer.name in self._missing:
            return self._missing[peer.name]
        if task not in peer.tasks:
            return NO_SUCH_TASK
        gigabytes = peer.gigabytes(task, shape, k)
        if gigabytes > GIGABYTES_TO_CALL:
            return f"skipped: ~{gigabytes:.0f} GB a call"
        predicted = peer.nanoseconds(task, shape, k) * self._per_nanosecond.get(
            (peer.name, task), 1e-9
        )
        if predicted > SECONDS_TO_CALL:
            return f"skipped: ~{predicted:.0f} s a call"
        return ""

    def _admit(
        self,
        peer: Type[Library],
        problem: Problem,
        task: str,
        k: int,
        outcome: Any,
        calls: Dict[str, Callable[[], Any]],
        single: Dict[str, float],
    ) -> str:
        """Calls a peer, judges what it returns, and puts it among `calls` or, if it is slow, `single`."""
        library = peer(problem)
        call = _call(library, task, k)
        kept: List[Any] = []
        try:
            seconds = once(lambda: kept.append(call()), self.setting.device)
            _check(problem, task, k, outcome, library, kept.pop())
            if seconds <= SECONDS_TO_REPEAT:
                seconds = once(call, self.setting.device)
        except Verdict as verdict:
            return str(verdict)
        except Exception as error:  # a peer's own failure is a finding, not the end
            return f"peer fails: {type(error).__name__}: {str(error).splitlines()[0][:80]}"
        predicted = peer.nanoseconds(task, problem.shape, k)
        self._per_nanosecond[peer.name, task] = seconds / predicted
        if seconds > SECONDS_TO_REPEAT:
            single[peer.name] = seconds
            return "1 call"
        calls[peer.name] = call
        return ""


def _call(library: Library, task: str, k: int) -> Callable[[], Any]:
    return (lambda: library.top_k(k)) if task == "top_k" else getattr(library, task)


def _check(problem: Problem, task: str, k: int, outcome: Any, peer: Library, result: Any) -> None:
    ours = Ours(problem)
    if task == "nll":
        check_nll(problem, ours.read_nll(outcome), peer.read_nll(result))
    else:
        check_paths(problem, ours.read_paths(outcome), peer.read_paths(result), k)
