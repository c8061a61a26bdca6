import re
from pathlib import Path
from typing import List

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import method, write_folder
from tests.experiments.report.pages import Page, texts


def plain(cell: str) -> str:
    """Without the signs of Markdown."""
    return re.sub(r"\\(.)", r"\1", cell.strip().replace("**", ""))


def test_tables_are_those_of_the_page(page: Page) -> None:
    lines = (page.folder / "results.md").read_text(encoding="utf-8").splitlines()
    found: List[List[List[str]]] = []
    for before, line in zip(["", *lines], lines):
        if line.startswith("| "):
            if not before.startswith("| "):
                found.append([])
            cells = [plain(cell) for cell in line[1:-1].split("|")]
            if any(cells[1:]) and not set(line) <= set("|:- "):
                found[-1].append(cells)
    names = ["scores", "comparisons", "gap", "zero-shot", "curves", "costs"]
    expected = [texts(table) for name in names for table in page.tables(name)]
    without_blanks = [[["".join(c.split()) for c in row] for row in table] for table in expected]
    marked = [[["".join(c.split()) for c in row] for row in table] for table in found]
    assert [[moved(c) for c in row] for t in marked for row in t] == [
        [moved(c) for c in row] for t in without_blanks for row in t
    ]


def moved(cell: str) -> str:
    """In the page an arrow stands before the deviation, in Markdown after it."""
    return re.sub(r"(.*)([▲▼])(.*)", r"\1\3\2", cell)


def test_missing_runs_and_the_command_are_said(page: Page) -> None:
    told = (page.folder / "results.md").read_text(encoding="utf-8")
    assert "**Not complete: of 81 runs, 3 not run yet and 3 failed." in told
    assert "```\nallennlp distill " in told


def test_names_break_no_table(tmp_path: Path) -> None:
    methods = [method("teachers", None, ()), method("baseline", None, ()), method("a|b<c>*", "x")]
    write_report(write_folder(tmp_path, methods, languages=2, seeds=[1], zero_shot=False))
    lines = (tmp_path / "results.md").read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("| a"))
    assert row.startswith(r"| a\|b\<c>\* | ")
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
