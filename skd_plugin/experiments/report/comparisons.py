"""Each method beside its references."""

from itertools import groupby
from typing import List, Tuple

from skd_plugin.experiments.checks import MACRO
from skd_plugin.experiments.report.blocks import Block, Cell, Column, Rows, Table, Text
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import interval, p_value, percent, points, seeds
from skd_plugin.experiments.report.records import Comparison, Method


def comparison_blocks(findings: Findings, split: str) -> List[Block]:
    """Differences of macro averages, and how they were tested."""
    groups = [
        Rows(group, [row for method in methods for row in _rows(findings, split, method)])
        for group, methods in groupby(findings.students, key=lambda one: one.group)
    ]
    groups = [group for group in groups if group.rows]
    if not groups:
        return [Text("No method has yet been compared with another.")]
    columns = [
        Column("method", True),
        Column("compared with", True),
        Column("difference"),
        Column(f"{percent(findings.level, 0)} % interval"),
        Column("p"),
        Column("p corrected"),
        Column("p over sentences"),
        Column("seeds"),
    ]
    caption = (
        f"Differences of macro {findings.metric} in points (hundredths). "
        "Bold: more than noise, by the corrected p."
    )
    return [Table(caption, columns, groups)]


def explanation(findings: Findings) -> Text:
    """The test in five sentences."""
    noise, over_sentences = (_of_one_seed if findings.are_of_one_seed else _of_seeds)(findings)
    return Text(
        "Two methods are compared on the same sentences and seed by seed. How much the difference depends on the "
        "sentences is found by drawing the test sentences of each language anew, "
        f"{findings.resamples:,} times, for both methods alike{noise} “p corrected” (Holm) also allows for "
        "how many methods are compared with the same reference, and for the number of languages where single ones are "
        f"tested. “p over sentences” {over_sentences}."
    )


def _of_seeds(findings: Findings) -> Tuple[str, str]:
    return (
        "; how much it depends on the training run is found from how it varies from seed to seed, where there are "
        f"several. Both are added up, and from their sum come the {_interval_and_p(findings)}.",
        "looks at these very training runs only, so it says nothing of other seeds",
    )


def _of_one_seed(findings: Findings) -> Tuple[str, str]:
    return (
        f"; from this come the {_interval_and_p(findings)}. How much it depends on the training run cannot be found "
        "from one seed, so nothing is said of other seeds.",
        "is of the same noise, but counted from the draws and not computed from their spread",
    )


def _interval_and_p(findings: Findings) -> str:
    level = percent(findings.level, 0)
    return f"{level} % interval and p: how often a difference this large would be seen if there were none"


def _rows(findings: Findings, split: str, method: Method) -> List[List[Cell]]:
    found = [
        one
        for one in findings.comparisons
        if (one.method, one.split, one.language) == (method.name, split, MACRO)
    ]
    return [_row(findings, one) for one in found]


def _row(findings: Findings, one: Comparison) -> List[Cell]:
    return [
        Cell(one.method),
        Cell(one.against),
        Cell(points(one.difference), strong=findings.significance(one) != 0),
        Cell(interval(one.low, one.high)),
        Cell(p_value(one.p)),
        Cell(p_value(one.p_corrected)),
        Cell(p_value(one.p_sentences)),
        Cell(seeds(one)),
    ]
