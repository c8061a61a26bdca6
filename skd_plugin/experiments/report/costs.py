"""What a student costs, beside its teachers together."""

from itertools import groupby
from statistics import mean
from typing import Dict, List, NamedTuple, Optional, Sequence

from skd_plugin.experiments.experiment import KNOWLEDGE, TEACHERS
from skd_plugin.experiments.report.blocks import Block, Cell, Column, Rows, Table, Text
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import NONE, count
from skd_plugin.experiments.report.records import Run


class Cost(NamedTuple):
    """Means over seeds: parameters, bytes of the archive, seconds of training."""

    parameters: float
    archive_bytes: float
    seconds: float


def cost_blocks(findings: Findings) -> List[Block]:
    """A sentence, and a table."""
    students = {method.name: _cost(findings.runs, method.name) for method in findings.students}
    known = {name: cost for name, cost in students.items() if cost is not None}
    together = {method.name: _together(findings.runs, method.name) for method in findings.teachers}
    teachers = together.get(TEACHERS)
    if not known and not any(together.values()):
        return [Text("No run has finished yet.")]
    columns = [Column("method", True), Column("parameters"), Column("archive, MB")]
    columns += [Column("training, s"), Column("times fewer parameters")]
    groups = [Rows(None, _others(findings, together))]
    for group, methods in groupby(findings.students, key=lambda one: one.group):
        rows = [_row(one.name, known[one.name], teachers) for one in methods if one.name in known]
        groups.append(Rows(group, rows))
    caption = (
        "Means over seeds. Teachers: all languages together. Training of a student does not include its teachers' nor "
        "asking them (knowledge); seconds are those of the machine that was used, with all that ran beside."
    )
    if len(findings.teachers) > 1:
        caption += f" “Times fewer parameters”: than the row “{TEACHERS}”, whoever taught a method."
    table = Table(caption, columns, [group for group in groups if group.rows])
    return [*_sentence(findings, known, teachers), table]


def _cost(runs: Sequence[Run], method: str) -> Optional[Cost]:
    costs = [run.costs for run in runs if run.method == method and run.costs]
    if not costs:
        return None
    return Cost(*(mean(cost[field] for cost in costs) for field in Cost._fields))


def _together(runs: Sequence[Run], name: str) -> Optional[Cost]:
    """Of the seeds whose teachers of all their languages have finished, all languages together."""
    by_seed: Dict[int, List[Run]] = {}
    for run in runs:
        if run.method == name:
            by_seed.setdefault(run.seed, []).append(run)
    whole = [
        run for of_seed in by_seed.values() if all(run.costs for run in of_seed) for run in of_seed
    ]
    cost = _cost(whole, name)
    if cost is None:
        return None
    return Cost(*(_num_languages(runs, name) * value for value in cost))


def _num_languages(runs: Sequence[Run], name: str) -> int:
    return len({run.language for run in runs if run.method == name})


def _sentence(findings: Findings, known: Dict[str, Cost], teachers: Optional[Cost]) -> List[Block]:
    best = next((name for name in findings.ranked() if name in known), None)
    if best is None or teachers is None:
        return []
    student = known[best]
    number = count(_num_languages(findings.runs, TEACHERS), "teacher")
    times = _ratio(teachers.parameters, student.parameters)
    theirs = f", they in {teachers.seconds:,.0f} s" if teachers.seconds else ""  # or before
    return [
        Text(
            f"One student ({best}) of {_millions(student.parameters)} parameters stands in place of {number} of "
            f"{_millions(teachers.parameters)} together: {times} times fewer. Its archive has "
            f"{_megabytes(student.archive_bytes)} MB, theirs {_megabytes(teachers.archive_bytes)} MB. It was trained "
            f"in {student.seconds:,.0f} s{theirs}."
        )
    ]


def _others(findings: Findings, together: Dict[str, Optional[Cost]]) -> List[List[Cell]]:
    rows = [_row(f"{name}, together", cost, None) for name, cost in together.items() if cost]
    asked = [run.costs for run in findings.runs if run.method == KNOWLEDGE and run.costs]
    if asked:
        seconds = mean(cost["seconds"] for cost in asked)
        rows.append([*map(Cell, [KNOWLEDGE, NONE, NONE, f"{seconds:,.0f}", NONE])])
    return rows


def _row(name: str, cost: Cost, teachers: Optional[Cost]) -> List[Cell]:
    ratio = _ratio(teachers.parameters, cost.parameters) if teachers else NONE
    return [
        Cell(name),
        Cell(f"{cost.parameters:,.0f}"),
        Cell(_megabytes(cost.archive_bytes)),
        Cell(f"{cost.seconds:,.0f}"),
        Cell(ratio),
    ]


def _millions(number: float) -> str:
    return f"{number / 1e6:,.2f} M"


def _megabytes(number: float) -> str:
    return f"{number / 1e6:,.1f}"


def _ratio(teachers: float, student: float) -> str:
    return f"{teachers / student:,.1f}" if student else NONE
