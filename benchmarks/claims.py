"""What the benchmark claims, as rows that hold or do not."""

import operator
from typing import Callable, Dict, List, NamedTuple, Optional, Union

from benchmarks.memory import Memory
from benchmarks.own_costs import Growth
from benchmarks.problems import Shape
from benchmarks.side_by_side import Cell
from benchmarks.timing import Setting

HEADLINE = Shape(64, 32, 19)
COMPARISONS: Dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}
GROWTH_GOALS = {"T": "<= 1.15", "C": "<= 2.15", "K": "<= 1.15"}

Row = Dict[str, Union[str, float, bool, None]]


class Results(NamedTuple):
    """
    All that was measured.

    # Parameters

    settings : `List[Setting]`
        The claims are about the first.
    cells : `List[Cell]`
    growths : `List[Growth]`
    memories : `List[Memory]`
    """

    settings: List[Setting]
    cells: List[Cell]
    growths: List[Growth]
    memories: List[Memory]

    def cells_of(self, task: str, library: str, setting: Optional[Setting] = None) -> List[Cell]:
        """In one setting, by default the first."""
        setting = setting or self.settings[0]
        return [
            cell
            for cell in self.cells
            if (cell.task, cell.library, cell.setting) == (task, library, setting)
        ]

    def ratio(self, task: str, library: str, shape: Shape, k: int = 1) -> Optional[float]:
        """In the first setting; `None` if it was not timed."""
        for cell in self.cells_of(task, library):
            if (cell.shape, cell.k) == (shape, k) and cell.timing:
                return cell.timing.ratio
        return None


def row(claim: str, goal: str, value: Optional[float]) -> Row:
    """
    A claim and whether it holds; a value that could not be measured, `None`, does not.

    # Parameters

    claim, goal : `str`
        The goal as in ">= 10".
    value : `float`, optional
    """
    sign, bound = goal.split()
    holds = value is not None and COMPARISONS[sign](value, float(bound))
    claim += "" if value is not None else " (not measured: see the tables)"
    return {"claim": claim, "goal": goal, "value": value, "holds": holds}


def all_claims(results: Results) -> List[Row]:
    """Outputs, then times beside the peers, our own costs, growth, memory."""
    return [
        _agreement(results),
        *_against_peers(results),
        *_nowhere_slower(results),
        *_own_costs(results),
        *_growths(results),
        *_memories(results),
    ]


def _agreement(results: Results) -> Row:
    wrong = [cell for cell in results.cells if cell.note.startswith("skd_plugin wrong")]
    compared = [cell for cell in results.cells if cell.timing and not cell.is_base]
    claim = f"outputs: cells in which skd_plugin is wrong, beside {len(compared)} that agree"
    return row(claim, "<= 0", float(len(wrong)))


def _against_peers(results: Results) -> List[Row]:
    rows = []
    for task, k, peer, what, goal in (
        ("top_k", 10, "allennlp", "top-10: speed-up over allennlp's viterbi_tags", ">= 10"),
        ("decode", 1, "pytorch-crf", "best path: speed-up over pytorch-crf's decode", ">= 1"),
        ("nll", 1, "allennlp", "NLL forward + backward: speed-up over allennlp", ">= 3"),
        ("nll", 1, "pytorch-crf", "NLL forward + backward: speed-up over pytorch-crf", ">= 3"),
    ):
        for kind in ("mixed", "equal"):
            shape = HEADLINE._replace(kind=kind)
            claim = f"{what}, {shape}, {results.settings[0]}"
            rows.append(row(claim, goal, results.ratio(task, peer, shape, k)))
    return rows


def _nowhere_slower(results: Results) -> List[Row]:
    """For each peer the size at which it comes nearest."""
    rows = []
    for peer in sorted({cell.library for cell in results.cells if cell.task == "nll"}):
        timed = [
            cell
            for cell in results.cells_of("nll", peer)
            if cell.shape.kind != "wide" and cell.timing and not cell.is_base
        ]
        if timed:
            least = min(timed, key=_ratio)
            shapes = len({cell.shape for cell in timed})
            claim = f"NLL forward + backward: least speed-up over {peer} on the grid, {results.settings[0]}"
            rows.append(row(f"{claim} ({least.shape}; {shapes} sizes)", ">= 1", _ratio(least)))
    return rows or [row("NLL forward + backward: least speed-up over any peer", ">= 1", None)]


def _ratio(cell: Cell) -> float:
    return cell.timing.ratio if cell.timing else float("nan")


def _own_costs(results: Results) -> List[Row]:
    rows = []
    for cell in results.cells:
        base = {"marginals": "log_partition", "step": "NLL"}.get(cell.task.split(",")[0])
        here = (cell.setting, cell.shape) == (results.settings[0], HEADLINE)
        if base and here and cell.library != base:
            direction = cell.task.split(", ")[1]
            claim = f"{cell.library}: time over that of {base} alone, {direction}"
            rows.append(row(f"{claim}, {cell.shape}, {cell.setting}", "<= 2.5", _ratio(cell)))
    return rows


def _growths(results: Results) -> List[Row]:
    rows = []
    for growth in results.growths:
        sizes = growth.sizes[growth.fitted :]
        claim = f"{growth.task}: time grows with this power of {growth.axis}, "
        claim += f"{growth.axis} {sizes[0]} to {sizes[-1]}, {results.settings[0]}"
        rows.append(row(claim, GROWTH_GOALS[growth.axis], growth.exponent))
    return rows


def _memories(results: Results) -> List[Row]:
    return [
        row(
            f"{memory.quantity}: peak memory over the stated {memory.formula} bytes, {memory.shape} K10",
            "<= 1",
            memory.peak / memory.stated,
        )
        for memory in results.memories
    ]
