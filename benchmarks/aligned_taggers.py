"""
What an encoder that MMKD has aligned is worth to the taggers above it: goals, judged by the statistics of finished
experiments.

    python benchmarks/aligned_taggers.py FOLDER ... [--quick] [--json FILE]

takes folders of `allennlp distill`, of training_configs/experiments/mmkd_ner*.jsonnet and mmkd_ud_pos*.jsonnet, and
writes what stands between its marks in RESULTS.md: a row a goal, and the tables of each experiment.
"""

import sys
from pathlib import Path
from typing import Iterator, List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.claims import Row, row  # noqa: E402
from benchmarks.distillation import LEVEL, Findings  # noqa: E402
from benchmarks.finished_experiments import complete, p_of_gain, page, parser, tables  # noqa: E402
from benchmarks.report import claims_table  # noqa: E402

MARKS = (
    "<!-- written by benchmarks/aligned_taggers.py -->",
    "<!-- until here (benchmarks/aligned_taggers.py) -->",
)
RIVALS = {"baseline": "untrained", "hidden_words": "hidden words"}


def claims(findings: Findings) -> Iterator[Row]:
    """
    The aligned encoder beside one that has learnt nothing, and one that has learnt hidden words of each side; in
    languages without labels where there are some.
    """
    split = "zero_shot" if "zero_shot" in findings.splits else "test"
    for rival, title in RIVALS.items():
        found = findings.difference("mmkd", rival, split)
        claim = f"{findings.name}: mmkd above {title}"
        yield row(f"{claim}, points", ">= 0", 100 * found["difference"])
        yield row(f"{claim}: p, corrected", f"<= {LEVEL}", p_of_gain(found))


def main(arguments: Optional[List[str]] = None) -> None:
    options = parser(__doc__.split("\n\n")[0].strip()).parse_args(arguments)
    rows = [claim for folder in options.folders for claim in claims(Findings(folder))]
    parts = ["### Goals of taggers", claims_table(rows), *tables(options.folders, deeper=2)]
    complete(options, rows, lambda written: page(written, "\n\n".join(parts), MARKS))


if __name__ == "__main__":
    main()
