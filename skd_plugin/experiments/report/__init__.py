"""What an experiment found, as `results.md` and `report.html`."""

from skd_plugin.experiments.report.write import write_report

__all__ = ["write_report"]
