"""What knowledge costs, one panel a measurement."""

from pathlib import Path
from typing import Any, List, Tuple

from benchmarks.knowledge_bytes import TRAINED
from benchmarks.knowledge_claims import MIB, STEP_GOALS, Results, mapped_store
from benchmarks.knowledge_steps import PLAIN, READING

# Colours of Okabe and Ito, which differ for colour-blind eyes too.
BLUE, RED, GREEN, PINK, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
GREY = "#999999"
COLORS = (BLUE, RED, GREEN, PINK, ORANGE, SKY)


def draw(results: Results, path: Path) -> None:
    """Writes a picture of all that was measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(15, 9), constrained_layout=True)
    panels = [
        (_steps, results.steps),
        (_caching, results.caching),
        (_bytes, results.stored),
        (_memory, results.memories),
        (_store, results.memories),
        (_reading, results.readings),
    ]
    for (panel, measured), ax in zip(panels, axes.flat):
        if not measured:
            ax.set_axis_off()
            continue
        panel(results, ax)
        ax.grid(alpha=0.3, axis="x" if panel in (_steps, _bytes) else "y")
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Knowledge in a store: what it costs on one thread (of all but reading, less is better)"
    )
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _steps(results: Results, ax: Any) -> None:
    chosen = [one for one in results.steps if not one.method.startswith((PLAIN, READING))]
    methods = list(dict.fromkeys(one.method for one in chosen))
    sizes = list(dict.fromkeys(one.size for one in chosen))
    for number, (size, color) in enumerate(zip(sizes, (BLUE, ORANGE))):
        timings = [one.timing for one in chosen if one.size == size]
        ratios = [one.ratio for one in timings]
        spans = [[one.ratio - one.quartiles[0], one.quartiles[1] - one.ratio] for one in timings]
        places = [place + 0.2 * number for place in range(len(methods))]
        ax.errorbar(ratios, places, xerr=list(zip(*spans)), fmt="o", color=color, label=size)
        goal = float(STEP_GOALS[size].split()[1])
        ax.axvline(goal, color=color, linestyle="--", label=f"goal of two of them: {goal}")
    ax.axvline(1, color=GREY)
    ax.set_yticks([place + 0.1 for place in range(len(methods))], methods)
    ax.invert_yaxis()
    ax.set(
        title="(a) A training step", xlabel="time over that of the plain step, median and quartiles"
    )
    _legend_below(ax)


def _caching(results: Results, ax: Any) -> None:
    names = [one.teacher.replace(", ", ",\n", 1) for one in results.caching]
    ratios = [one.caching.ratio for one in results.caching]
    ax.bar(names, ratios, 0.5, color=[BLUE, BLUE, GREY][: len(names)])
    ax.axhline(1.2, color=RED, linestyle="--", label="goal of the first two: 1.2")
    ax.set(title="(b) Caching", ylabel="time over that of the bare forward pass")
    _legend_below(ax)


def _reading(results: Results, ax: Any) -> None:
    places = list(dict.fromkeys(one.place for one in results.readings))
    for processes, color in ((1, SKY), (2, BLUE)):
        rates = [one.rate for one in results.readings if one.processes == processes]
        at = [place + 0.4 * (processes - 1) for place in range(len(rates))]
        bars = ax.bar(
            at, rates, 0.38, color=color, label=f"{processes} process{'es'[:2 * processes - 2]}"
        )
        ax.bar_label(bars, [_rounded(rate) for rate in rates], fontsize=8)
    ax.set_xticks([place + 0.2 for place in range(len(places))], places)
    ax.set(yscale="log", title="(e) Reading at random", ylabel="sentences a second")
    _legend_below(ax)


def _rounded(rate: float) -> str:
    if rate >= 1e6:
        return f"{rate / 1e6:.1f}M"
    return f"{rate / 1e3:,.0f}k" if rate >= 1e4 else f"{rate:,.0f}"


def _bytes(results: Results, ax: Any) -> None:
    chosen = [one for one in results.stored if one.teaching.teacher == TRAINED]
    fields = list(dict.fromkeys(name for one in chosen for name in one.fields if name != "else"))
    labels = [f"{one.content},\n{one.teaching.num_tags} tags" for one in chosen]
    starts = [0.0] * len(chosen)
    for name, color in [*zip(fields, COLORS), ("else", GREY)]:
        widths = [one.fields.get(name, 0.0) for one in chosen]
        ax.barh(labels, widths, 0.6, left=starts, color=color, label=name)
        starts = [start + width for start, width in zip(starts, widths)]
    ax.axvline(40, color="black", linestyle="--", label="goal of the first: 40")
    ax.invert_yaxis()
    ax.tick_params(axis="y", labelsize=8)
    ax.set(title="(c) On disk, trained teachers", xlabel="bytes a token, as built")
    _legend_below(ax)


def _memory(results: Results, ax: Any) -> None:
    lines: List[Tuple[str, bool, str, str]] = [
        ("caching", True, "caching", BLUE),
        ("training", True, "training with knowledge", GREEN),
        ("training", False, "plain training", GREY),
    ]
    for phase, distilled, label, color in lines:
        own = [
            (one.anonymous - one.before["anonymous"]) / MIB
            for size in results.sizes
            for one in [results.memory(size, distilled, phase)]
        ]
        ax.plot(results.sizes, own, color=color, marker="o", label=label)
    ax.set(title="(d) Memory of the process, at most", ylabel="MiB, without what imports take")
    ax.set_ylim(0, None)
    _against_sentences(results, ax)


def _store(results: Results, ax: Any) -> None:
    stored = [results.memory(size, True, "training").stored / MIB for size in results.sizes]
    mapped = [mapped_store(results, size) / MIB for size in results.sizes]
    ax.plot(results.sizes, stored, color=RED, marker="s", linestyle="--", label="store on disk")
    ax.plot(results.sizes, mapped, color=BLUE, marker="o", label="of it in memory, at most")
    ax.axhline(256, color="black", linestyle="--", label="stated: 256")
    ax.set(title="(d) The store", yscale="log", ylabel="MiB")
    ax.yaxis.set_major_formatter("{x:g}")
    _against_sentences(results, ax)


def _against_sentences(results: Results, ax: Any) -> None:
    ax.set(xscale="log", xlabel="sentences")
    ax.set_xticks(results.sizes, [f"{size:,}" for size in results.sizes])
    ax.minorticks_off()
    _legend_below(ax)


def _legend_below(ax: Any) -> None:
    ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=2)
