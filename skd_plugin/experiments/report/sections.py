"""What stands in a report, and in which order."""

from typing import List

from skd_plugin.experiments.checks import TEST, ZERO_SHOT
from skd_plugin.experiments.report.ablations import ablation_blocks
from skd_plugin.experiments.report.blocks import Block, Section
from skd_plugin.experiments.report.comparisons import comparison_blocks, explanation
from skd_plugin.experiments.report.costs import cost_blocks
from skd_plugin.experiments.report.curves import curve_blocks, update_blocks
from skd_plugin.experiments.report.examples import example_blocks
from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.gap_closed import gap_blocks, gap_figure
from skd_plugin.experiments.report.in_short import in_short
from skd_plugin.experiments.report.runs import run_blocks
from skd_plugin.experiments.report.scores import dot_blocks, score_blocks


def table_sections(findings: Findings) -> List[Section]:
    """Those that have no need of drawings."""
    sections = [
        _in_short(findings),
        _scores(findings),
        _comparisons(findings),
        Section("gap", "Gap closed", gap_blocks(findings)),
        Section("zero-shot", "Zero-shot", _zero_shot(findings)),
        Section("updates", "Epochs and updates", update_blocks(findings)),
        _costs(findings),
    ]
    return _filled(sections)


def all_sections(findings: Findings) -> List[Section]:
    """The whole report."""
    gap = [*gap_figure(findings), *gap_blocks(findings)]
    zero_shot = _zero_shot(findings)
    if zero_shot:
        zero_shot += dot_blocks(findings, ZERO_SHOT)
    sections = [
        _in_short(findings),
        _scores(findings),
        Section("languages", "By language", dot_blocks(findings, TEST)),
        _comparisons(findings),
        Section("gap", "Gap closed", gap),
        Section("zero-shot", "Zero-shot", zero_shot),
        Section("ablations", "Ablations", ablation_blocks(findings)),
        Section("curves", "Learning curves", curve_blocks(findings)),
        _costs(findings),
        Section("examples", "Examples", example_blocks(findings)),
        Section("runs", "Runs", run_blocks(findings)),
    ]
    return _filled(sections)


def _in_short(findings: Findings) -> Section:
    return Section("short", "In short", in_short(findings))


def _scores(findings: Findings) -> Section:
    return Section("scores", "Scores", score_blocks(findings, TEST))


def _comparisons(findings: Findings) -> Section:
    blocks = [*comparison_blocks(findings, TEST), explanation(findings)]
    return Section("comparisons", "Comparisons", blocks)


def _zero_shot(findings: Findings) -> List[Block]:
    if not findings.languages.get(ZERO_SHOT):
        return []
    return [*score_blocks(findings, ZERO_SHOT), *comparison_blocks(findings, ZERO_SHOT)]


def _costs(findings: Findings) -> Section:
    return Section("costs", "Costs", cost_blocks(findings))


def _filled(sections: List[Section]) -> List[Section]:
    return [section for section in sections if section.blocks]
