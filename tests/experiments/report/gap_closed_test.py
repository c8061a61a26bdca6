import json
import re
from pathlib import Path

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import many_methods, write_folder
from tests.experiments.report.pages import Page, drawing, text, texts


def number(value: float) -> str:
    return f"{100 * value:.0f}".replace("-", "−")


def test_table_and_drawing_have_each_share(page: Page) -> None:
    gaps = {
        (row["method"], row["language"]): row for row in page.file("statistics.json")["gap_closed"]
    }
    head, *rows = texts(page.tables("gap")[0])
    (picture,) = page.pictures("gap")
    assert len(rows) == 20
    for row in rows:
        for language, cell in zip(head[1:], row[1:]):
            gap = gaps[row[0], language]
            span = f"{number(gap['low'])} to {number(gap['high'])}"
            assert cell == f"{number(gap['value'])} ({span})"
        assert f"{row[0]} {number(gap['value'])} ({span})" in picture.get("alt", "")
    assert "0 % = baseline" in drawing(picture) and "100 % = teachers" in drawing(picture)


def test_gap_is_always_to_the_row_teachers(further: Page, page: Page) -> None:
    assert [row[0] for row in texts(further.tables("gap")[0])[1:]] == [
        "emission",
        "top_k",
        "weighted_top_k",
    ]
    told = "The teachers are those of the row “teachers”, whoever taught a method."
    assert told in text(further.section("gap")) and told not in text(page.section("gap"))


def test_undefined_shares_have_a_note_and_wide_intervals_an_end(tmp_path: Path) -> None:
    write_folder(tmp_path, many_methods(4), languages=2)
    path = tmp_path / "statistics.json"
    statistics = json.loads(path.read_text(encoding="utf-8"))
    note = "the teachers are not above the baseline"
    for gap in statistics["gap_closed"]:
        if gap["language"] == "en":
            gap.update(value=None, low=None, high=None, note=note)
        else:
            gap.update(value=5.0, low=-40.0, high=50.0, note="unstable")
    path.write_text(json.dumps(statistics), encoding="utf-8")
    write_report(tmp_path)
    page = Page(tmp_path)
    assert [row[1:] for row in texts(page.tables("gap")[0])[1:]] == [
        ["–", "500 (−4000 to 5000)", "500 (−4000 to 5000)"]
    ] * 2
    notes = [text(item) for item in page.section("gap").iter("li")]
    assert notes == [f"en: {note}", "he and macro: unstable"]
    ticks = re.findall(r">(−?\d+)</text>", drawing(page.pictures("gap")[0]))
    assert {"0", "300"} <= set(ticks) and "400" not in ticks and "−200" not in ticks
