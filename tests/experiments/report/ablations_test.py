from pathlib import Path

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import method, write_folder
from tests.experiments.report.pages import Page, drawing, texts


def test_each_setting_has_a_table_and_a_drawing(page: Page) -> None:
    scores = page.scores()
    tables = [texts(table) for table in page.tables("ablations")]
    assert [table[0][0] for table in tables] == ["k", "temperature"]
    assert [[row[0] for row in table[1:]] for table in tables] == [
        ["1", "2", "5", "10", "50"],
        ["0.5", "1", "2"],
    ]
    for table, picture in zip(tables, page.pictures("ablations")):
        for value, name, mean, interval in table[1:]:
            score = scores[name, "test", "macro"]
            assert mean == f"{100 * score['mean']:.2f} ± {100 * score['sd']:.2f}"
            assert interval == f"{100 * score['low']:.2f} to {100 * score['high']:.2f}"
            assert f"{value}: {mean.split()[0]} ({interval})" in picture.get("alt", "")
        svg = drawing(picture)
        for name in ("baseline", "teachers"):
            assert f"{name} {100 * scores[name, 'test', 'macro']['mean']:.2f}" in svg


def test_settings_that_are_no_numbers_keep_their_order(tmp_path: Path) -> None:
    methods = [
        method("teachers", None, ()),
        method("baseline", None, ()),
        method("b", "how", of="posterior", parameter="schedule", value="linear"),
        method("a", "how", of="posterior", parameter="schedule", value="constant"),
        method("c", "how", of="posterior", parameter="schedule", value=None),
    ]
    write_report(write_folder(tmp_path, methods, languages=2, seeds=[1]))
    (table,) = Page(tmp_path).tables("ablations")
    assert [row[0] for row in texts(table)] == ["schedule", "linear", "constant", "None"]
