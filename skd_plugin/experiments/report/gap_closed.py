"""How much of the gap between baseline and teachers is closed."""

from itertools import groupby
from typing import Dict, List

from skd_plugin.experiments.checks import MACRO, TEST
from skd_plugin.experiments.experiment import BASELINE, TEACHERS
from skd_plugin.experiments.report.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Points,
    Rows,
    Table,
    Text,
)
from skd_plugin.experiments.report.dots import Dot, Mark, dot_picture
from skd_plugin.experiments.report.drawing import BLUE, RED, styles
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import NONE, interval, joined, percent
from skd_plugin.experiments.report.records import Gap, Method

LIMITS = (-150.0, 300.0)
"""What the drawing shows at most, in percent: a small gap gives huge intervals."""


def gap_blocks(findings: Findings) -> List[Block]:
    """The table by language, and notes."""
    groups = [
        Rows(group, [_row(findings, method) for method in methods])
        for group, methods in groupby(_methods(findings), key=lambda one: one.group)
    ]
    if not groups:
        return [Text("Not known yet: this needs teachers, baseline and a method.")]
    columns = findings.columns(TEST)
    caption = (
        "Share of the gap closed in percent, (method − baseline) / (teachers − baseline), with its "
        f"{percent(findings.level, 0)} % interval; {NONE} where it is not defined."
    )
    if len(findings.teachers) > 1:
        caption += f" The teachers are those of the row “{TEACHERS}”, whoever taught a method."
    table = Table(caption, [Column("method", True), *map(Column, columns)], groups)
    return [table, *_notes(findings)]


def _methods(findings: Findings) -> List[Method]:
    known = {gap.method for gap in findings.gaps.values()} - {BASELINE}
    return [method for method in findings.students if method.name in known]


def _row(findings: Findings, method: Method) -> List[Cell]:
    cells = [Cell(method.name)]
    for language in findings.columns(TEST):
        gap = findings.gaps.get((method.name, TEST, language))
        if gap is None or gap.value is None:
            cells.append(Cell(NONE))
        else:
            cells.append(Cell(percent(gap.value, 0), f"({interval(gap.low, gap.high, 0)})"))
    return cells


def gap_figure(findings: Findings) -> List[Block]:
    """The drawing of macro averages, if one is defined."""
    style = styles(findings.methods)
    dots, told = [], []
    for method in _methods(findings):
        gap = findings.gaps.get((method.name, TEST, MACRO))
        if gap is None or gap.value is None or gap.low is None or gap.high is None:
            continue
        values = 100 * gap.value, 100 * gap.low, 100 * gap.high
        dots.append(Dot(method.name, method.group, style[method.name], *values))
        told.append(f"{method.name} {percent(gap.value, 0)} ({interval(gap.low, gap.high, 0)})")
    if not dots:
        return []
    marks = [Mark("0 % = baseline", 0, RED, "--"), Mark("100 % = teachers", 100, BLUE, "-.")]
    alt = "Gap closed in percent: " + "; ".join(told)
    picture = dot_picture("macro average", dots, marks, alt, width=720, limits=LIMITS)
    caption = "Share of the gap closed, in percent; an arrow at the edge: the interval goes on."
    return [Figure(caption, [picture._replace(least_width=440)])]


def _notes(findings: Findings) -> List[Block]:
    """Each note once, with the languages and methods it is about."""
    known = {method.name for method in _methods(findings)}
    about: Dict[str, List[Gap]] = {}
    for gap in findings.gaps.values():
        if gap.note and gap.method in known:
            about.setdefault(gap.note, []).append(gap)
    items = []
    for note, gaps in about.items():
        languages = {language: None for language in (gap.language for gap in gaps)}
        items.append(f"{joined(list(languages))}: {note}")
    return [Points(items)] if items else []
