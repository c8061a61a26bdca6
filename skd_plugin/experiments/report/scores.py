"""The table of scores, as in the paper, and its drawing."""

from itertools import groupby
from typing import List, Optional

from skd_plugin.experiments.checks import MACRO, TEST
from skd_plugin.experiments.experiment import BASELINE, TEACHERS, is_teacher
from skd_plugin.experiments.report.blocks import Block, Cell, Column, Figure, Picture, Rows, Table
from skd_plugin.experiments.report.dots import Dot, Mark, dot_picture
from skd_plugin.experiments.report.drawing import BLUE, RED, styles
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import NONE, deviation, interval, percent
from skd_plugin.experiments.report.records import Method, Score

ARROWS = {1: "▲", -1: "▼", 0: ""}


def score_blocks(findings: Findings, split: str) -> List[Block]:
    """The table, as in the paper."""
    columns = findings.columns(split)
    level = f"{percent(findings.level, 0)} % interval"
    titles = [Column("method", True), *map(Column, columns), Column(level)]
    groups = [
        Rows(group, _rows(findings, split, list(methods)))
        for group, methods in groupby(_shown(findings, split), key=lambda one: one.group)
    ]
    return [Table(_caption(findings), titles, groups)]


def dot_blocks(findings: Findings, split: str) -> List[Block]:
    """A drawing a language, and one of the macro average."""
    caption = (
        f"{findings.metric.capitalize()} in percent by language, each with an axis of its own. A dot is the mean over "
        f"seeds, the line its {percent(findings.level, 0)} % interval, small strokes are single seeds; groups have a "
        "shape and a colour each. Methods that only change a setting of another are left out."
    )
    drawn = [_picture(findings, split, language) for language in findings.columns(split)]
    pictures = [picture for picture in drawn if picture is not None]
    return [Figure(caption, pictures)] if pictures else []


def _shown(findings: Findings, split: str) -> List[Method]:
    """Teachers know nothing of languages without training data."""
    return findings.methods if split == TEST else findings.students


def _caption(findings: Findings) -> str:
    caption = (
        f"{findings.metric.capitalize()} in percent, mean ± standard deviation over seeds; macro is the mean over "
        "languages. Bold: the best student of a column in its group. ▲ ▼: significantly above or below the reference"
    )
    references = _references(findings)
    if len(references) == 1:
        caption += f" ({references[0]})"
    else:
        caption += ", which is named beside the method"
    return f"{caption}, p < {1 - findings.level:.2g} corrected for the number of comparisons."


def _references(findings: Findings) -> List[str]:
    return sorted({method.against[0] for method in findings.methods if method.against})


def _rows(findings: Findings, split: str, methods: List[Method]) -> List[List[Cell]]:
    best = {
        language: _best(findings, split, language, methods) for language in findings.columns(split)
    }
    rows = []
    for method in methods:
        cells = [_cell(findings, split, language, method, best[language]) for language in best]
        macro = findings.macro(method.name, split)
        cells.append(Cell(interval(macro.low, macro.high) if macro else NONE))
        rows.append([_name(findings, method), *cells])
    return rows


def _name(findings: Findings, method: Method) -> Cell:
    several = len(_references(findings)) > 1 and method.against
    return Cell(method.name, small=f"vs {method.against[0]}" if several else "")


def _best(findings: Findings, split: str, language: str, methods: List[Method]) -> Optional[str]:
    scores = [
        findings.scores[method.name, split, language]
        for method in methods
        if not is_teacher(method.name) and (method.name, split, language) in findings.scores
    ]
    return max(scores, key=lambda score: score.mean).method if len(scores) > 1 else None


def _cell(
    findings: Findings, split: str, language: str, method: Method, best: Optional[str]
) -> Cell:
    score = findings.scores.get((method.name, split, language))
    if score is None:
        return Cell(NONE)
    comparison = findings.comparison(method, split, language)
    mark = ARROWS[findings.significance(comparison)] if comparison else ""
    return Cell(percent(score.mean), deviation(score), mark, strong=method.name == best)


def _picture(findings: Findings, split: str, language: str) -> Optional[Picture]:
    style = styles(findings.methods)
    found = [
        (method, findings.scores[method.name, split, language])
        for method in findings.main_methods
        if (method.name, split, language) in findings.scores
    ]
    dots = [
        Dot(
            method.name,
            method.group,
            style[method.name],
            100 * score.mean,
            100 * score.low,
            100 * score.high,
            [100 * value for value in findings.values(method.name, split, language)],
        )
        for method, score in found
    ]
    title = "macro average" if language == MACRO else language
    alt = f"{title}: " + "; ".join(described(score) for _, score in found)
    marks = reference_lines(findings, split, language)
    return dot_picture(title, dots, marks, alt) if dots else None


def described(score: Score) -> str:
    """A score in words, for those who cannot see a drawing."""
    return f"{score.method} {percent(score.mean)} ({interval(score.low, score.high)})"


def reference_lines(findings: Findings, split: str, language: str) -> List[Mark]:
    """Baseline and teachers, where they have a score."""
    marks = []
    for name, color, dashes in ((BASELINE, RED, "--"), (TEACHERS, BLUE, "-.")):
        score = findings.scores.get((name, split, language))
        if score is not None:
            marks.append(Mark(f"{name} {percent(score.mean)}", 100 * score.mean, color, dashes))
    return marks
