"""How training went."""

from itertools import groupby
from statistics import mean
from typing import Dict, List, NamedTuple, Sequence

from skd_plugin.experiments.experiment import BASELINE, TEACHERS
from skd_plugin.experiments.report.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Picture,
    Rows,
    Table,
    Text,
)
from skd_plugin.experiments.report.drawing import (
    BLACK,
    BLUE,
    COLORS,
    FONT_SIZE,
    GREY,
    LIGHT,
    RED,
    Axes,
    Margins,
    draw,
    shortened,
    spread,
)
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import NONE
from skd_plugin.experiments.report.records import Run

NUM_BEST = 3
SIZE = (760, 420)
MARGINS = Margins(left=46, right=200, top=12, bottom=40)


class Look(NamedTuple):
    """How a line is drawn."""

    color: str
    dashes: str
    width: float


FAINT = Look("#c4c4c4", "-", 0.8)


def curve_blocks(findings: Findings) -> List[Block]:
    """The drawing, and a table of epochs and updates."""
    curves = {name: curve for name, curve in _curves(_finished(findings)).items() if curve}
    if not curves:
        return update_blocks(findings)
    caption = (
        f"Validation {findings.metric} in percent by epoch, the mean over seeds (of the teachers: and over "
        "languages, each on its own), as far as all runs of a method went; the steep rise at the start is cut "
        "off. Coloured: baseline, teachers, and the best three students on the test set; grey: all others."
    )
    return [Figure(caption, [_picture(findings, curves)]), *update_blocks(findings)]


def update_blocks(findings: Findings) -> List[Block]:
    """The table of epochs and updates."""
    finished = _finished(findings)
    return [_table(findings, finished) if finished else Text("No run has finished yet.")]


def _finished(findings: Findings) -> Dict[str, List[Run]]:
    """The finished runs of each method that has some."""
    runs = {
        method.name: [run for run in findings.runs if run.method == method.name and run.costs]
        for method in findings.methods
    }
    return {name: of_method for name, of_method in runs.items() if of_method}


def _curves(finished: Dict[str, List[Run]]) -> Dict[str, List[float]]:
    return {
        name: [100 * mean(values) for values in zip(*(run.curve or [] for run in runs))]
        for name, runs in finished.items()
    }


def _looks(findings: Findings) -> Dict[str, Look]:
    looks = {BASELINE: Look(RED, "--", 1.8), TEACHERS: Look(BLUE, "-.", 1.8)}
    best = [name for name in findings.ranked() if name != BASELINE][:NUM_BEST]
    for name, color, dashes in zip(best, (BLACK, COLORS[0], COLORS[1]), ("-", "-", "-")):
        looks[name] = Look(color, dashes, 1.8)
    return looks


def _picture(findings: Findings, curves: Dict[str, List[float]]) -> Picture:
    looks = _looks(findings)

    def paint(axes: Axes) -> None:
        for name, curve in curves.items():
            color, dashes, width = looks.get(name, FAINT)
            above = 3 if name in looks else 1
            epochs = range(1, len(curve) + 1)
            axes.plot(epochs, curve, color=color, ls=dashes, lw=width, zorder=above)
        axes.set_xlim(1, max(2, *map(len, curves.values())))
        axes.set_ylim(bottom=min(curve[len(curve) // 4] for curve in curves.values()))
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color=LIGHT, linewidth=0.5)
        _label(axes, {name: curve for name, curve in curves.items() if name in looks}, looks)

    told = "; ".join(
        f"{name} {curve[-1]:.2f} after epoch {len(curve)}" for name, curve in curves.items()
    )
    return draw(SIZE, MARGINS, paint, f"Learning curves: {told}", least_width=520)


def _label(axes: Axes, curves: Dict[str, List[float]], looks: Dict[str, Look]) -> None:
    """Names in the right margin, each joined to the end of its line."""
    low, high = axes.get_ylim()
    height = SIZE[1] - MARGINS.top - MARGINS.bottom
    least = 1.35 * FONT_SIZE * 96 / 72 / height * (high - low)
    right = axes.get_xlim()[1]
    heights = spread([curve[-1] for curve in curves.values()], least)
    for (name, curve), label_height in zip(curves.items(), heights):
        axes.annotate(
            f"{shortened(name)} {curve[-1]:.2f}",
            xy=(len(curve), curve[-1]),
            xytext=(1 + 10 / (SIZE[0] - MARGINS.left - MARGINS.right), label_height),
            textcoords=("axes fraction", "data"),
            color=looks[name].color,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5},
        )
    axes.set_xlim(1, right)


def _table(findings: Findings, finished: Dict[str, List[Run]]) -> Table:
    columns = [Column("method", True)]
    columns += map(Column, ["runs", "epochs", "best epoch", "updates", "perhaps not converged"])
    groups = [
        Rows(group, [_row(method.name, finished[method.name]) for method in methods])
        for group, methods in groupby(
            [method for method in findings.methods if method.name in finished],
            key=lambda one: one.group,
        )
    ]
    caption = (
        "Epochs and updates of the finished runs: mean, and from least to most; the best epoch is counted from 0. "
        "Perhaps not converged: runs whose best epoch was the last or last but one that they were allowed."
    )
    return Table(caption, columns, groups)


def _row(name: str, runs: Sequence[Run]) -> List[Cell]:
    cells = [Cell(name), Cell(str(len(runs)))]
    for field in ("epochs", "best_epoch", "updates"):
        values = [run.costs[field] for run in runs if run.costs and field in run.costs]
        cells.append(_range(values))
    return [*cells, _unconverged(runs)]


def _unconverged(runs: Sequence[Run]) -> Cell:
    """How many were perhaps stopped too early; nothing where it is not known of all and none is."""
    limits = [(run.costs["best_epoch"], run.costs.get("max_epochs")) for run in runs if run.costs]
    number = sum(most is not None and best >= most - 2 for best, most in limits)
    is_known = all(most is not None for _, most in limits)
    return Cell(str(number) if number or is_known else NONE, strong=number > 0)


def _range(values: Sequence[float]) -> Cell:
    if not values:
        return Cell(NONE)
    if min(values) == max(values):
        return Cell(f"{values[0]:,}")
    return Cell(f"{mean(values):,.0f}", f"{min(values):,} to {max(values):,}")
