from pathlib import Path

from skd_plugin.experiments.report import write_report
from tests.experiments.report.pages import Page, text, texts


def test_failed_and_missing_runs_are_shown_with_their_error(page: Page) -> None:
    (table,) = page.tables("runs")
    error = "ValueError: got <nothing> & expected more"
    assert texts(table)[1:] == [
        *([f"seed-{seed}/emission_text", "failed", error] for seed in (1, 2, 3)),
        *([f"seed-{seed}/structural_text", "not run", ""] for seed in (1, 2, 3)),
    ]


def test_nothing_missing_is_said(small: Path) -> None:
    write_report(small)
    page = Page(small)
    assert "All 5 runs finished." in text(page.section("runs"))
    header = page.tree.find(".//header")
    assert header is not None and "Not complete" not in text(header)


def test_one_is_told_how_a_run_is_trained_by_hand(page: Page, small: Path) -> None:
    by_hand = (
        "The config of a run that has begun lies beside its folder, as seed-1/baseline.json. This trains the same by "
        "hand, with another folder after -s: allennlp train runs/seed-1/baseline.json -s runs/seed-1/baseline "
        "--include-package skd_plugin"
    )
    write_report(small)
    for one in (page, Page(small)):
        assert by_hand in [text(paragraph) for paragraph in one.section("runs").iter("p")]
