"""
What stages and strategies of XtremeDistil are worth on real data, and how small and fast its students are: goals,
judged by the statistics of finished experiments.

    python benchmarks/xtremedistil.py FOLDER ... [--tables FILE ...] [--quick] [--json FILE]

takes folders of `allennlp distill`, of training_configs/experiments/xtremedistil*.jsonnet, and tables that other
commands have printed (benchmarks/compression.py), and writes what stands between its marks in RESULTS.md: a row a
goal, and the tables.
"""

import sys
from pathlib import Path
from typing import List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.claims import Row, row  # noqa: E402
from benchmarks.distillation import LEVEL, Findings  # noqa: E402
from benchmarks.finished_experiments import complete, p_of_gain, page, parser, tables  # noqa: E402
from benchmarks.report import claims_table  # noqa: E402

MARKS = "<!-- written by benchmarks/xtremedistil.py -->", "<!-- until here -->"
TEACHERS, LABELS, JOINT = "teachers", "baseline", "d1"
STAGED = ("joint_then_labels", "logits_then_labels")
CRF, STRUCTURAL = "logits_then_labels_crf", "structural_then_labels_crf"


class Strategies(Findings):
    """The statistics of one experiment of strategies."""

    @property
    def names(self) -> List[str]:
        """Those that learn from the teacher."""
        return [method["name"] for method in self._methods if method["against"]]

    def mean(self, name: str) -> float:
        """Of the macro F1, in percent."""
        return 100 * float(self._row("scores", method=name)["mean"])

    @property
    def best_strategy(self) -> str:
        """That of the highest macro F1."""
        return max(self.names, key=self.mean)


def claims(findings: Strategies) -> List[Row]:
    """The goals, as far as an experiment has the methods that they are about."""
    name, best = findings.name, findings.best_strategy
    labels, teacher = findings.mean(LABELS), findings.mean(TEACHERS)
    rows = [
        row(f"{name}: {best} above labels alone, points", ">= 10", findings.mean(best) - labels),
        row(f"{name}: {best} below its teacher, points", "<= 2", teacher - findings.mean(best)),
        row(
            f"{name}: F1 of {best} over that of its teacher",
            ">= 0.95",
            findings.mean(best) / teacher,
        ),
    ]
    for staged in STAGED:
        if {staged, JOINT} <= set(findings.names):
            claim = f"{name}: {staged} above {JOINT} (joint), points"
            rows.append(row(claim, ">= 1.5", findings.mean(staged) - findings.mean(JOINT)))
    if {CRF, STRUCTURAL} <= set(findings.names):
        found = findings.difference(STRUCTURAL, CRF)
        claim = f"{name}: {STRUCTURAL} above {CRF}"
        rows.append(row(f"{claim}, points", ">= 0", 100 * found["difference"]))
        rows.append(row(f"{claim}: p, corrected", f"<= {LEVEL}", p_of_gain(found)))
    return rows


def section(rows: List[Row], others: List[Path], folders: List[Path]) -> str:
    """Goals and tables, two levels of headings deeper than those of an experiment."""
    parts = ["### Goals", claims_table(rows)]
    parts += [path.read_text(encoding="utf-8").strip() for path in others]
    return "\n\n".join([*parts, *tables(folders, deeper=2)])


def main(arguments: Optional[List[str]] = None) -> None:
    of_all = parser(__doc__.split("\n\n")[0])
    of_all.add_argument("--tables", nargs="*", default=[], type=Path, help="of other benchmarks")
    options = of_all.parse_args(arguments)
    rows = [claim for folder in options.folders for claim in claims(Strategies(folder))]
    new = section(rows, options.tables, options.folders)
    complete(options, rows, lambda written: page(written, new, MARKS))


if __name__ == "__main__":
    main()
