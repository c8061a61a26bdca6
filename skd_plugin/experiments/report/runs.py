"""Which runs there are results of, and which not."""

from typing import List, Optional

from skd_plugin.experiments.checks import TEST, ZERO_SHOT
from skd_plugin.experiments.report.blocks import Block, Cell, Column, Rows, Table, Text
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.numbers import count
from skd_plugin.experiments.report.records import Run

FINISHED, FAILED = "finished", "failed"


def summary(findings: Findings) -> str:
    """What was run, in a line."""
    methods = count(len(findings.methods), "method")
    languages = count(len(findings.languages[TEST]), "language")
    zero_shot = len(findings.languages.get(ZERO_SHOT, []))
    if zero_shot:
        languages += f" and {zero_shot} without training data"
    seeds = count(len(findings.seeds), "seed")
    return (
        f"{methods} on {languages} with {seeds}; "
        f"{len(_with(findings, FINISHED))} of {count(len(findings.runs), 'run')} finished."
    )


def warning(findings: Findings) -> Optional[str]:
    """That results are missing, if some are."""
    failed = len(_with(findings, FAILED))
    missing = len(findings.runs) - len(_with(findings, FINISHED)) - failed
    if not failed and not missing:
        return None
    parts = [f"{missing} not run yet"] * bool(missing) + [f"{failed} failed"] * bool(failed)
    return (
        f"Not complete: of {count(len(findings.runs), 'run')}, {' and '.join(parts)}. "
        "What follows is of the finished ones."
    )


def run_blocks(findings: Findings) -> List[Block]:
    """Failed and missing runs, and how one is trained by hand."""
    others = [run for run in findings.runs if run.status != FINISHED]
    if not others:
        return [Text(f"All {count(len(findings.runs), 'run')} finished."), *_by_hand(findings)]
    columns = [Column("run", True), Column("status", True), Column("error", True)]
    others.sort(key=lambda run: run.status != FAILED)
    rows = [[Cell(run.name), Cell(run.status), Cell(run.error or "")] for run in others]
    return [Table("Runs without results.", columns, [Rows(None, rows)]), *_by_hand(findings)]


def _by_hand(findings: Findings) -> List[Block]:
    runs = {run.method: run for run in reversed(findings.runs) if run.command}
    example = next((runs[one.name] for one in findings.students if one.name in runs), None)
    if example is None:
        return []
    return [
        Text(
            f"The config of a run that has begun lies beside its folder, as {example.name}.json. This trains the same "
            f"by hand, with another folder after -s: {example.command}"
        )
    ]


def _with(findings: Findings, status: str) -> List[Run]:
    return [run for run in findings.runs if run.status == status]
