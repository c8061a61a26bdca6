"""Time against the number of tokens, of tags and of paths, one line a library."""

from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Set, Tuple

from benchmarks.claims import HEADLINE, Results
from benchmarks.side_by_side import GIGABYTES_TO_CALL, SECONDS_TO_CALL, Cell

# Colours of Okabe and Ito, which differ for colour-blind eyes too; markers differ as well.
STYLES: Dict[str, Tuple[str, str, Any]] = {
    "skd_plugin": ("#0072B2", "o", "-"),
    "allennlp": ("#D55E00", "s", "--"),
    "pytorch-crf": ("#009E73", "^", "--"),
    "torch-struct": ("#CC79A7", "D", ":"),
    "supar": ("#E69F00", "v", "-."),
}


class Panel(NamedTuple):
    """Tasks against one dimension; `value` reads that of a cell, and `fixed` says what the others are."""

    title: str
    tasks: Tuple[str, ...]
    label: str
    fixed: str
    value: Callable[[Cell], int]
    chosen: Callable[[Cell], bool]


def _against_tokens(title: str, task: str, k: int) -> Panel:
    def chosen(cell: Cell) -> bool:
        return cell.k == k and cell.shape == HEADLINE._replace(num_tokens=cell.shape.num_tokens)

    return Panel(
        title, (task,), "tokens", "64 sentences, 19 tags", lambda c: c.shape.num_tokens, chosen
    )


def _against_tags(title: str, task: str) -> Panel:
    def chosen(cell: Cell) -> bool:
        return cell.shape == HEADLINE._replace(num_tags=cell.shape.num_tags)

    return Panel(
        title, (task,), "tags", "64 sentences, 32 tokens", lambda c: c.shape.num_tags, chosen
    )


PANELS: List[Panel] = [
    _against_tokens("NLL, forward + backward", "nll", 1),
    _against_tags("NLL, forward + backward", "nll"),
    _against_tokens("10 best paths", "top_k", 10),
    _against_tokens("Best path", "decode", 1),
    _against_tags("Best path", "decode"),
    Panel(
        "K best paths",
        ("decode", "top_k"),
        "K",
        "64 sentences, 32 tokens, 19 tags",
        lambda cell: cell.k,
        lambda cell: cell.shape == HEADLINE,
    ),
]


def draw(results: Results, path: Path) -> None:
    """One panel a task and dimension, with logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(12, 7), constrained_layout=True)
    for panel, ax in zip(PANELS, axes.flat):
        _draw_panel(results, panel, ax)
    handles = [
        pyplot.Line2D([], [], color=color, marker=marker, linestyle=line, label=name)
        for name, (color, marker, line) in STYLES.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncol=len(STYLES), frameon=False)
    figure.suptitle(
        f"Exact inference in linear chains, {results.settings[0]} (lower is better)\n"
        f"A line ends where a call would take {SECONDS_TO_CALL:.0f} s or {GIGABYTES_TO_CALL:.0f} GB.",
        fontsize=11,
    )
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _draw_panel(results: Results, panel: Panel, ax: Any) -> None:
    ticks: Set[int] = set()
    for name, (color, marker, line) in STYLES.items():
        points = sorted(
            (panel.value(cell), cell.timing.seconds * 1e3)
            for task in panel.tasks
            for cell in results.cells_of(task, name)
            if cell.timing and panel.chosen(cell)
        )
        if points:
            x, y = zip(*points)
            ticks.update(x)
            own = name == "skd_plugin"
            ax.plot(
                x,
                y,
                color=color,
                marker=marker,
                linestyle=line,
                lw=2.5 if own else 1.5,
                zorder=2 + own,
            )
    ax.set(xscale="log", yscale="log", xlabel=f"{panel.label} ({panel.fixed})", title=panel.title)
    ax.set_ylabel("ms a call")
    ax.set_xticks(sorted(ticks), [str(tick) for tick in sorted(ticks)])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
