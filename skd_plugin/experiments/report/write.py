"""Writes the report."""

from pathlib import Path

from skd_plugin.experiments.report.findings import read_findings
from skd_plugin.experiments.report.html import html
from skd_plugin.experiments.report.markdown import markdown


def write_report(folder: Path) -> None:
    """
    Writes `results.md` and `report.html` beside the files of an experiment.

    # Parameters

    folder : `Path`
        Holds `experiment.json`, `results.json`, `statistics.json`, `runs.json` and perhaps `examples.json`. A
        `ConfigurationError` says what is wrong there, or that matplotlib is missing (when `results.md` has been
        written).
    """
    findings = read_findings(folder)
    (folder / "results.md").write_text(markdown(findings), encoding="utf-8")
    (folder / "report.html").write_text(html(findings), encoding="utf-8")
