"""The results as a page, as data, and as a picture."""

import datetime
import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from benchmarks.claims import HEADLINE, Results, Row
from benchmarks.peers import PEERS
from benchmarks.problems import Shape
from benchmarks.side_by_side import NO_SUCH_TASK, Cell
from benchmarks.timing import Setting

NAMES = {"nll": "NLL, forward + backward", "decode": "Best path", "top_k": "K best paths"}
LIBRARIES = ["skd_plugin", *(peer.name for peer in PEERS)]
GPU = Setting("cuda")
PACKAGES = ("skd_plugin", "torch", "allennlp", "pytorch-crf", "torch-struct", "supar")

METHOD = """\
Times are medians of single calls, on single-precision scores drawn from the standard normal distribution (`wide`: the
emissions 100 times as large). Lengths lie between half of T and T (`equal`: all are T). All libraries run in one
process, on the same tensors, in turns; a ratio is the median over rounds of a peer's time divided by ours, so that more
than 1 means that ours is faster (quartiles are in `structures.json`). Nothing is timed before the outputs agree: the
loss (1e-5 relative), all gradients (1e-3 of the largest entry), and every path, scored anew in double precision. "peer
wrong" says what a peer got wrong, in the place of a time that would mean nothing; "1 call" that it was too slow to be
repeated; "skipped" that, judging by a smaller size, a call would take too long or too much memory; "has none" that it
does not do this.

Each library is called as its users call it, from emissions to its own result: lists of tags and scores for allennlp,
pytorch-crf and also ours, tensors for torch-struct and supar. What torch-struct and supar need of lengths, gold tags
and parameters in a form of their own is made beforehand; torch-struct's scores of pairs of tags, which depend on the
emissions, are made within the call. A new `LinearChain` is made in every call.

Time grows with a power of the size once it is more than overhead: the power is fitted from the first size on that takes
twice as long as the smallest. Memory is the largest sum of what torch's allocator had given to the call at any moment.
"""


def versions(packages: Sequence[str] = PACKAGES) -> Dict[str, str]:
    """Of Python, of the packages, and the machine."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return {**found, "processor": _processor(), "date": datetime.date.today().isoformat()}


def write_page(results: Results, claims: List[Row], path: Path) -> None:
    """Claims, headline, method, then a table for every setting and task."""
    parts = ["# LinearChain beside other libraries", table(["", ""], versions().items())]
    parts += ["## Claims", claims_table(claims), "## Headline", headline_table(results)]
    parts += ["## How it is measured", METHOD]
    for setting in results.settings:
        for task in NAMES:
            parts += [f"## {NAMES[task]}, {setting}", _grid_table(results, task, setting)]
        parts += [f"## Our own costs, {setting}", _own_table(results, setting)]
    parts += ["## Growth", _growth_table(results), "## Memory", _memory_table(results)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def write_data(results: Results, path: Path) -> None:
    """Everything, as JSON."""
    cells = []
    for cell in results.cells:
        timing = cell.timing._asdict() if cell.timing else {}
        names = {"task": cell.task, "k": cell.k, "setting": str(cell.setting)}
        cells.append(
            {**names, **cell.shape._asdict(), "library": cell.library, **timing, "note": cell.note}
        )
    data = {
        "versions": versions(),
        "cells": cells,
        "growth": [{**one._asdict(), "exponent": one.exponent} for one in results.growths],
        "memory": [memory._asdict() for memory in results.memories],
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def claims_table(claims: List[Row]) -> str:
    """One row a claim."""
    return table(
        ["claim", "goal", "value", "holds"],
        [
            (
                one["claim"],
                one["goal"],
                "" if one["value"] is None else f"{one['value']:.2f}",
                "yes" if one["holds"] else "**no**",
            )
            for one in claims
        ],
    )


def headline_table(results: Results) -> str:
    """The headline size, a column for every setting."""
    settings = [setting for setting in results.settings if setting != GPU]
    rows = []
    for cell in results.cells:
        here = (cell.setting, cell.shape) == (results.settings[0], HEADLINE)
        if not here or cell.task not in NAMES or cell.note == NO_SUCH_TASK:
            continue
        columns = [
            summary(other) if other else "no GPU"
            for other in (_same(results, cell, setting) for setting in [*settings, GPU])
        ]
        what = f"{NAMES[cell.task]}{f', K {cell.k}' if cell.task == 'top_k' else ''}"
        rows.append([what, cell.library, *columns])
    return table([str(HEADLINE), "", *map(str, settings), "GPU"], rows)


def summary(cell: Cell) -> str:
    """Its time if others are compared with it, or else its ratio; and the note."""
    if cell.timing is None:
        return cell.note
    milliseconds = f"{cell.timing.seconds * 1e3:.2f} ms"
    text = milliseconds if cell.is_base else f"{cell.timing.ratio:.2f}x"
    return f"{text} ({cell.note})" if cell.note else text


def _same(results: Results, cell: Cell, setting: Setting) -> Optional[Cell]:
    for other in results.cells_of(cell.task, cell.library, setting):
        if (other.shape, other.k) == (cell.shape, cell.k):
            return other
    return None


def _grid_table(results: Results, task: str, setting: Setting) -> str:
    sizes: List[Tuple[Shape, int]] = [
        (cell.shape, cell.k) for cell in results.cells_of(task, LIBRARIES[0], setting)
    ]
    found = {
        (cell.shape, cell.k, cell.library): summary(cell)
        for cell in results.cells
        if (cell.task, cell.setting) == (task, setting)
    }
    rows = [
        [*shape, k, *(found[shape, k, library] for library in LIBRARIES)]
        for shape, k in sorted(sizes)
    ]
    return table(["B", "T", "C", "", "K", *LIBRARIES], rows)


def _own_table(results: Results, setting: Setting) -> str:
    rows = [
        [
            cell.task,
            cell.shape,
            cell.library,
            f"{cell.timing.seconds * 1e3:.2f}",
            f"{cell.timing.ratio:.2f}",
        ]
        for cell in results.cells
        if cell.setting == setting and cell.task not in NAMES and cell.timing
    ]
    return table(["", "", "", "ms", "over the first"], rows)


def _growth_table(results: Results) -> str:
    rows = [
        [
            one.task,
            one.axis,
            ", ".join(f"{size}: {time * 1e3:.2f}" for size, time in zip(one.sizes, one.seconds)),
            f"{one.exponent:.2f}",
            f"from {one.sizes[one.fitted]}",
        ]
        for one in results.growths
    ]
    return table(["", "against", "ms", "power", "fitted"], rows)


def _memory_table(results: Results) -> str:
    rows = [
        [
            memory.quantity,
            str(memory.shape),
            f"{memory.peak:,}",
            f"{memory.stated:,}",
            memory.formula,
        ]
        for memory in results.memories
    ]
    return table(["", "size", "peak bytes", "stated bytes", "stated"], rows)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """In Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(entry) for entry in line) + " |" for line in lines)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
