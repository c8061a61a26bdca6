"""The report as a page that needs nothing else."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skd_plugin.experiments.report.findings import Findings
from skd_plugin.experiments.report.runs import summary, warning
from skd_plugin.experiments.report.sections import all_sections

MANY_COLUMNS = 12
"""A table with more of them is printed on a page of its own direction."""


def html(findings: Findings) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(str(Path(__file__).parent)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja").render(
        title=findings.title,
        command=findings.command,
        summary=summary(findings),
        warning=warning(findings),
        sections=all_sections(findings),
        many_columns=MANY_COLUMNS,
    )
