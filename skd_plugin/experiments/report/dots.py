"""Dots with intervals, a row a method."""

from typing import NamedTuple, Optional, Sequence, Tuple

from skd_plugin.experiments.report.blocks import Picture
from skd_plugin.experiments.report.drawing import (
    BLACK,
    GREY,
    LIGHT,
    Axes,
    Margins,
    Style,
    draw,
    shortened,
    text_width,
)

ROW = 19
"""Pixels a row."""


class Dot(NamedTuple):
    """A row: a mean with its interval, and the values it is the mean of; all in percent."""

    name: str
    group: Optional[str]
    style: Style
    value: float
    low: float
    high: float
    values: Sequence[float] = ()


class Mark(NamedTuple):
    """A line across a drawing, with a label; `x` is where it stands on the axis of scores."""

    label: str
    x: float
    color: str
    dashes: str


def dot_picture(
    title: str,
    dots: Sequence[Dot],
    marks: Sequence[Mark],
    alt: str,
    width: float = 352,
    limits: Optional[Tuple[float, float]] = None,
) -> Picture:
    """
    # Parameters

    limits : `Tuple[float, float]`, optional (default = `None`)
        What the axis may show at most; what is beyond is an arrow at the edge.
    """

    def paint(axes: Axes) -> None:
        _set_up(axes, title, dots, _range(dots, marks, limits))
        for index, mark in enumerate(marks):
            _paint_mark(axes, mark, len(marks) - index)
        for row, dot in enumerate(dots):
            _paint_dot(axes, row, dot)

    left = 10 + max((text_width(shortened(dot.name)) for dot in dots), default=0)
    margins = Margins(left=left, right=12, top=24 + 14 * len(marks), bottom=26)
    height = margins.top + margins.bottom + ROW * max(len(dots), 1)
    return draw((width, height), margins, paint, alt)


def _range(
    dots: Sequence[Dot], marks: Sequence[Mark], limits: Optional[Tuple[float, float]]
) -> Tuple[float, float]:
    shown = [mark.x for mark in marks]
    for dot in dots:
        shown += [dot.low, dot.high, dot.value, *dot.values]
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    margin = max(0.05 * (high - low), 0.05)
    return low - margin, high + margin


def _set_up(axes: Axes, title: str, dots: Sequence[Dot], limits: Tuple[float, float]) -> None:
    axes.set_xlim(*limits)
    axes.set_ylim(max(len(dots), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(dots)))
    axes.set_yticklabels([shortened(dot.name) for dot in dots])
    axes.tick_params(axis="y", length=0, labelcolor=BLACK)
    axes.locator_params(axis="x", nbins=5)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LIGHT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.figure.text(
        0.01, 1 - 6 / (72 * axes.figure.get_figheight()), title, va="top", weight="bold"
    )
    for row in range(1, len(dots)):
        if dots[row].group != dots[row - 1].group:
            axes.axhline(row - 0.5, color=GREY, linewidth=0.5)


def _paint_mark(axes: Axes, mark: Mark, level: int) -> None:
    axes.axvline(mark.x, color=mark.color, linewidth=1.1, linestyle=mark.dashes)
    low, high = axes.get_xlim()
    share = (mark.x - low) / (high - low)
    axes.annotate(
        mark.label,
        (mark.x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 10.5 * (level - 1) + 2),
        textcoords="offset points",
        ha="left" if share < 0.3 else "right" if share > 0.7 else "center",
        color=mark.color,
    )


def _paint_dot(axes: Axes, row: int, dot: Dot) -> None:
    color, marker = dot.style
    low, high = axes.get_xlim()
    axes.plot(dot.values, [row] * len(dot.values), "|", color=GREY, markersize=6, zorder=2)
    axes.hlines(row, max(dot.low, low), min(dot.high, high), color=color, linewidth=1.6, zorder=3)
    for outside, edge, arrow in ((dot.low < low, low, "<"), (dot.high > high, high, ">")):
        if outside:
            axes.plot([edge], [row], arrow, color=color, markersize=5, clip_on=False, zorder=4)
    if low <= dot.value <= high:
        axes.plot([dot.value], [row], marker, color=color, markersize=5.5, zorder=5)
