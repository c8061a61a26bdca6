"""What one setting of a method does."""

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from skd_plugin.experiments.checks import MACRO, TEST
from skd_plugin.experiments.report.blocks import Block, Cell, Column, Figure, Picture, Rows, Table
from skd_plugin.experiments.report.dots import Mark
from skd_plugin.experiments.report.drawing import BLACK, LIGHT, Axes, Margins, draw
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import deviation, interval, percent
from skd_plugin.experiments.report.records import Score
from skd_plugin.experiments.report.scores import reference_lines


class Point(NamedTuple):
    """A value of the setting, and the macro score there."""

    value: Any
    score: Score


def ablation_blocks(findings: Findings) -> List[Block]:
    """A drawing and a table for each setting of each method."""
    blocks: List[Block] = []
    for (of, parameter), points in _ablations(findings).items():
        caption = (
            f"{of}: macro {findings.metric} in percent by {parameter}, mean over seeds with its "
            f"{percent(findings.level, 0)} % interval."
        )
        blocks.append(
            Figure(caption, [_picture(findings, f"{of} by {parameter}", parameter, points)])
        )
        blocks.append(_table(findings, parameter, points))
    return blocks


def _ablations(findings: Findings) -> Dict[Tuple[str, str], List[Point]]:
    found: Dict[Tuple[str, str], List[Point]] = {}
    for method in findings.methods:
        score = findings.macro(method.name)
        if method.ablation is not None and score is not None:
            key = method.ablation.of, method.ablation.parameter
            found.setdefault(key, []).append(Point(method.ablation.value, score))
    for points in found.values():
        if _are_numbers(points):
            points.sort(key=lambda point: point.value)
    return found


def _are_numbers(points: Sequence[Point]) -> bool:
    return all(
        isinstance(point.value, (int, float)) and not isinstance(point.value, bool)
        for point in points
    )


def _table(findings: Findings, parameter: str, points: Sequence[Point]) -> Table:
    columns = [
        Column(parameter, True),
        Column("method", True),
        Column(f"macro {findings.metric}"),
        Column(f"{percent(findings.level, 0)} % interval"),
    ]
    rows = [
        [
            Cell(str(value)),
            Cell(score.method),
            Cell(percent(score.mean), deviation(score)),
            Cell(interval(score.low, score.high)),
        ]
        for value, score in points
    ]
    return Table("The same in numbers.", columns, [Rows(None, rows)])


def _picture(findings: Findings, title: str, parameter: str, points: Sequence[Point]) -> Picture:
    def paint(axes: Axes) -> None:
        positions = _place(axes, points)
        means = [100 * point.score.mean for point in points]
        below = [100 * (point.score.mean - point.score.low) for point in points]
        above = [100 * (point.score.high - point.score.mean) for point in points]
        axes.errorbar(positions, means, [below, above], color=BLACK, marker="o", capsize=3)
        axes.set_xlabel(parameter)
        axes.grid(axis="y", color=LIGHT, linewidth=0.5)
        axes.ticklabel_format(axis="y", useOffset=False)
        for mark in reference_lines(findings, TEST, MACRO):
            _paint_reference(axes, mark)

    alt = f"{title}: " + "; ".join(
        f"{point.value}: {percent(point.score.mean)} ({interval(point.score.low, point.score.high)})"
        for point in points
    )
    return draw((620, 300), Margins(50, 120, 14, 42), paint, alt, least_width=480)


def _paint_reference(axes: Axes, mark: Mark) -> None:
    axes.axhline(mark.x, color=mark.color, linestyle=mark.dashes, linewidth=1.1)
    # position: just outside of the axes, at the line's end
    axes.annotate(
        mark.label,
        (1, mark.x),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        color=mark.color,
    )


def _place(axes: Axes, points: Sequence[Point]) -> List[float]:
    """Sets up the horizontal axis; returns where the points are on it."""
    if not _are_numbers(points):
        positions = [float(index) for index in range(len(points))]
    else:
        positions = [float(point.value) for point in points]
        if positions[0] > 0 and positions[-1] > 10 * positions[0]:
            axes.set_xscale("log")
    axes.set_xticks(positions)
    axes.set_xticks([], minor=True)
    axes.set_xticklabels([str(point.value) for point in points])
    return positions
