"""Sizes and latencies of taggers, as tables for people."""

import itertools
from typing import Any, Dict, List, Sequence

from skd_plugin.commands.text import count, size, table
from skd_plugin.latency.measuring import PARTS

Row = Dict[str, Any]
HEADER = ["", "to tensors, ms", "to tags, ms", "whole, ms", "10-90 %"]
HEADER += ["words/s", "times faster", "95 %"]


def size_table(rows: Sequence[Row]) -> str:
    """One line a model."""
    lines = [["model", "parameters", "in embeddings", "times fewer", "on disk", "times smaller"]]
    for row in rows:
        numbers = [f"{row['parameters']:,}", f"{row['in_embeddings']:,}"]
        numbers += [f"{row['parameters_ratio']:.1f}", size(row["bytes"])]
        lines.append([row["model"], *numbers, f"{row['bytes_ratio']:.1f}"])
    return table(lines)


def latency_tables(rows: Sequence[Row]) -> str:
    """One table for every number of threads; in it one line a model, batch size and length."""
    return "\n\n".join(
        f"{count(threads, 'thread')}; milliseconds a sentence\n{_table(list(some))}"
        for threads, some in itertools.groupby(rows, lambda row: row["threads"])
    )


def _table(rows: List[Row]) -> str:
    lines, before = [HEADER], ""
    for start in range(0, len(rows), len(PARTS)):
        prepare, run, whole = rows[start : start + len(PARTS)]
        length = "all lengths" if whole["length"] == "all" else count(whole["length"], "word")
        cell = f"batch {whole['batch_size']}, {length}"
        if cell != before:
            lines.append([cell] + [""] * (len(HEADER) - 1))
        medians = [f"{part['median_ms']:.2f}" for part in (prepare, run, whole)]
        lines.append([f"  {whole['model']}", *medians, *_others(whole)])
        before = cell
    return table(lines)


def _others(whole: Row) -> List[str]:
    spread = f"{whole['low_ms']:.2f}-{whole['high_ms']:.2f}"
    interval = f"{whole['ratio_low']:.1f}-{whole['ratio_high']:.1f}"
    return [spread, f"{whole['words_per_second']:,.0f}", f"{whole['ratio']:.1f}", interval]
