import json
from pathlib import Path
from statistics import mean

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import many_methods, write_folder
from tests.experiments.report.pages import Page, text, texts


def test_table_has_the_students_beside_all_teachers_together(page: Page) -> None:
    _, *rows = texts(page.tables("costs")[0])
    assert rows[0] == ["teachers, together", "3,600,000", "14.7", "900", "–"]
    assert rows[1] == ["knowledge", "–", "–", "62", "–"]
    runs = page.file("runs.json")
    assert len(rows) == 2 + 21
    for name, parameters, megabytes, seconds, ratio in rows[2:]:
        costs = [run["costs"] for run in runs if run["method"] == name]
        assert [parameters, megabytes, ratio] == ["1,200,000", "4.9", "3.0"]
        assert seconds == f"{mean(one['seconds'] for one in costs):,.0f}"


def test_further_teachers_are_a_row_together_and_no_student(further: Page) -> None:
    table = further.tables("costs")[0]
    names = [row[0] for row in texts(table)[1:]]
    assert names[:3] == ["teachers, together", "teachers_big, together", "knowledge"]
    assert texts(table)[2][1] == "3,600,000"
    told = text(further.section("costs"))
    assert "than the row “teachers”" in told and "One student (teachers" not in told


def test_teachers_of_few_languages_are_counted_as_they_are(tmp_path: Path) -> None:
    write_folder(tmp_path, many_methods(3), languages=3, seeds=[1])
    path = tmp_path / "runs.json"
    runs = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(runs[1:]), encoding="utf-8")  # no teacher of the first language
    write_report(tmp_path)
    page = Page(tmp_path)
    assert texts(page.tables("costs")[0])[1][:2] == ["teachers, together", "2,400,000"]
    assert "stands in place of 2 teachers of 2.40 M together" in text(page.section("costs"))


def test_sentence_names_the_best_student(page: Page) -> None:
    paragraph = page.section("costs").find("p")
    assert paragraph is not None
    assert (
        " of 1.20 M parameters stands in place of 3 teachers of 3.60 M together: 3.0 times fewer."
        in text(paragraph)
    )


def test_teachers_of_some_languages_are_no_sum(tmp_path: Path) -> None:
    write_folder(tmp_path, many_methods(3), languages=2, seeds=[1])
    path = tmp_path / "runs.json"
    runs = json.loads(path.read_text(encoding="utf-8"))
    runs[0].update(status="failed", costs=None, curve=[], error="no memory")
    path.write_text(json.dumps(runs), encoding="utf-8")
    write_report(tmp_path)
    _, *rows = texts(Page(tmp_path).tables("costs")[0])
    assert [row[0] for row in rows] == ["knowledge", "baseline", "emission"]
    assert rows[1][-1] == "–"
