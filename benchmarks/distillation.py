"""
What distillation is worth on real data: goals, judged by the statistics of finished experiments.

    python benchmarks/distillation.py runs/results_ud_pos runs/results_ner [--quick] [--json FILE]

takes folders of `allennlp distill`, and writes what follows the mark in RESULTS.md: a row a goal, and the tables of
each experiment. What comes before the mark is written by hand.
"""

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.claims import Row, row  # noqa: E402
from benchmarks.finished_experiments import complete, p_of_gain, parser, tables  # noqa: E402
from benchmarks.report import claims_table, table, versions  # noqa: E402

PACKAGES = ("skd_plugin", "torch", "allennlp")
MARK = "<!-- from here on written by benchmarks/distillation.py -->"
WITH_TEXT = "with unlabelled text"
LEVEL = 0.05

INTRODUCTION = """\
The best method is the one with the highest macro mean on the test sets, among those that are no controls (baselines and
pseudo labels); p is corrected (Holm) for all methods that are compared with the same reference, which covers that
choice."""


class Findings:
    """
    The statistics of one experiment.

    # Parameters

    folder : `Path`
        Of `allennlp distill`.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._methods = _read(folder / "experiment.json")["methods"]
        self._statistics = _read(folder / "statistics.json")

    @property
    def splits(self) -> Set[str]:
        """`test`, and perhaps `zero_shot`."""
        return {one["split"] for one in self._statistics["scores"]}

    def best(self, with_text: bool) -> str:
        """The method with the highest macro mean, of those with or without further text, controls left out."""
        candidates = [
            method["name"]
            for method in self._methods
            if method["against"]
            and (method["group"] == WITH_TEXT) == with_text
            and not method["name"].startswith(("baseline", "pseudo_label"))
        ]
        return max(candidates, key=lambda name: float(self._row("scores", method=name)["mean"]))

    def share_of_gap(self, method: str) -> Optional[float]:
        """Between 0, as the baseline, and 1, as the teachers; `None` where these are not above the baseline."""
        return self._row("gap_closed", method=method)["value"]

    def difference(self, method: str, against: str, split: str = "test") -> Dict[str, Any]:
        """The row of macro averages."""
        return self._row("comparisons", method=method, against=against, split=split)

    def worse_languages(self, method: str) -> List[str]:
        """Those in which a method is significantly below the baseline."""
        rows = self._rows("comparisons", method=method, against="baseline", split="test")
        return [
            one["language"] for one in rows if one["difference"] < 0 and one["p_corrected"] <= LEVEL
        ]

    def _row(self, kind: str, split: str = "test", **wanted: str) -> Dict[str, Any]:
        (found,) = self._rows(kind, split=split, language="macro", **wanted)
        return found

    def _rows(self, kind: str, **wanted: str) -> Iterator[Dict[str, Any]]:
        for one in self._statistics[kind]:
            if all(one[name] == value for name, value in wanted.items()):
                yield one


def claims(findings: Findings) -> List[Row]:
    """The goals: of labelled data alone, then with unlabelled text."""
    name, labelled, text = findings.name, findings.best(False), findings.best(True)
    rows = [
        row(
            f"{name}: share of the gap closed by {labelled}",
            ">= 0.3",
            findings.share_of_gap(labelled),
        ),
        *_above(findings, labelled, "baseline"),
        row(f"{name}: share of the gap closed by {text}", ">= 1", findings.share_of_gap(text)),
        *_above(findings, text, "baseline_equal_updates"),
        *_above(findings, text, "pseudo_label_text"),
    ]
    for method in (labelled, text):
        worse = findings.worse_languages(method)
        claim = f"{name}: languages in which {method} is significantly below the baseline"
        rows.append(row(claim, "<= 0", float(len(worse))))
        gain = 100 * findings.difference(method, "baseline", "zero_shot")["difference"]
        rows.append(row(f"{name}: zero-shot, {method} above the baseline, points", ">= 0", gain))
    return rows


def _above(findings: Findings, method: str, against: str) -> List[Row]:
    found = findings.difference(method, against)
    claim = f"{findings.name}: {method} above {against}"
    return [
        row(f"{claim}, points", ">= 0", 100 * found["difference"]),
        row(f"{claim}: p, corrected", f"<= {LEVEL}", p_of_gain(found)),
    ]


def page(written: str, folders: List[Path], rows: List[Row]) -> str:
    """What was written by hand, up to the mark, and behind it what was measured."""
    by_hand = written.partition(MARK)[0].strip() or "# Results"
    parts = [by_hand, MARK, "## Goals", INTRODUCTION, claims_table(rows)]
    parts.append(table(["", ""], versions(PACKAGES).items()))
    return "\n\n".join([*parts, *tables(folders, deeper=1)]) + "\n"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def main(arguments: Optional[List[str]] = None) -> None:
    options = parser(__doc__.split("\n\n")[0]).parse_args(arguments)
    rows = [claim for folder in options.folders for claim in claims(Findings(folder))]
    complete(options, rows, lambda written: page(written, options.folders, rows))


if __name__ == "__main__":
    main()
