"""Drawings as SVG inside the page: the same numbers always give the same bytes."""

import base64
import io
import unicodedata
import warnings
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments.report.blocks import Picture
from skd_plugin.experiments.report.records import Method

Axes = Any

# Colours of Okabe and Ito (the last two of Tol and IBM), which differ for colour-blind eyes too; shapes differ as well.
# Blue and red are kept for teachers and baseline.
BLACK, GREY, LIGHT = "#222222", "#8a8a8a", "#dddddd"
BLUE, RED = "#0072B2", "#D55E00"
COLORS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#785EF0", "#882255")
MARKERS = ("o", "s", "D", "^", "v", "P")
FONT_SIZE = 8
LONGEST_NAME = 26

_SETTINGS = {
    "svg.hashsalt": "skd_plugin",
    "svg.fonttype": "none",  # text stays text: the reader's fonts know more scripts than matplotlib's
    "text.parse_math": False,
    "font.size": FONT_SIZE,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
}


class Style(NamedTuple):
    """How a point looks."""

    color: str
    marker: str


class Margins(NamedTuple):
    """Room around the axes, in pixels."""

    left: float
    right: float
    top: float
    bottom: float


def styles(methods: Sequence[Method]) -> Dict[str, Style]:
    """A colour and a shape a group; black discs for what stands alone."""
    groups: List[Optional[str]] = []
    for method in methods:
        if method.group is not None and method.group not in groups:
            groups.append(method.group)
    found: Dict[Optional[str], Style] = {None: Style(BLACK, "o")}
    for index, group in enumerate(groups):
        found[group] = Style(COLORS[index % len(COLORS)], MARKERS[index % len(MARKERS)])
    return {method.name: found[method.group] for method in methods}


def draw(
    size: Tuple[float, float],
    margins: Margins,
    paint: Callable[[Axes], None],
    alt: str,
    least_width: int = 280,
) -> Picture:
    """
    A picture with one pair of axes.

    # Parameters

    size : `Tuple[float, float]`
        Width and height in pixels.
    paint : `Callable[[Axes], None]`
        Draws on the axes.
    """
    matplotlib = _matplotlib()
    width, height = size
    file = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # The reader's fonts draw what matplotlib's cannot.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = matplotlib.figure.Figure(figsize=(width / 96, height / 96))
        paint(figure.add_axes(_box(width, height, margins)))
        figure.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    source = "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(source, alt, round(width), least_width)


def text_width(text: str) -> float:
    """About how wide a text is, in pixels; a guess that no font has to be there for."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return FONT_SIZE * 96 / 72 * (1.05 * wide + 0.6 * (len(text) - wide))


def shortened(name: str) -> str:
    """A name that fits beside a drawing."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def spread(positions: Sequence[float], least: float) -> List[float]:
    """Moves labels apart that would lie upon one another, and keeps their order."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    moved = list(positions)
    for before, after in zip(order, order[1:]):
        moved[after] = max(moved[after], moved[before] + least)
    if order:
        # Half of the push goes down, so that labels stay near their lines.
        excess = (moved[order[-1]] - positions[order[-1]]) / 2
        moved = [position - excess for position in moved]
    return moved


def _box(width: float, height: float, margins: Margins) -> List[float]:
    inner_width = width - margins.left - margins.right
    inner_height = height - margins.top - margins.bottom
    return [
        margins.left / width,
        margins.bottom / height,
        inner_width / width,
        inner_height / height,
    ]


def _matplotlib() -> Any:
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError:
        raise ConfigurationError(
            "report.html needs matplotlib, which is not installed: pip install matplotlib"
        )
    return matplotlib
