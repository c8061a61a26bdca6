import json
from pathlib import Path
from statistics import mean

from skd_plugin.experiments.report import write_report
from skd_plugin.experiments.report.drawing import spread
from tests.experiments.report.folders import many_methods, write_folder
from tests.experiments.report.pages import Page, drawing, text, texts


def test_table_has_epochs_and_updates(page: Page) -> None:
    _, *rows = texts(page.tables("curves")[0])
    runs = page.file("runs.json")
    assert len(rows) == 22
    for name, number, *cells, _ in rows:
        costs = [run["costs"] for run in runs if run["method"] == name]
        assert number == str(len(costs))
        for field, cell in zip(("epochs", "best_epoch", "updates"), cells):
            values = [one[field] for one in costs]
            span = f" {min(values):,} to {max(values):,}" if len(set(values)) > 1 else ""
            assert cell == f"{mean(values):,.0f}{span}"


def test_runs_that_were_perhaps_stopped_too_early_are_counted(tmp_path: Path) -> None:
    write_folder(tmp_path, many_methods(6), languages=1, seeds=[1, 2], examples=False)
    path = tmp_path / "runs.json"
    runs = json.loads(path.read_text(encoding="utf-8"))
    best = {
        "teachers": [(17, 20), (16, 20)],
        "baseline": [(17, 20), (18, 20)],
        "emission": [(19, 20), (18, 20)],
        "top_k": [(17, 20), (19, None)],
        "weighted_top_k": [(18, 20), (19, None)],
    }
    for run in runs:
        if run["method"] in best:
            epoch, most = best[run["method"]].pop(0)
            run["costs"].update(best_epoch=epoch, max_epochs=most)
        else:
            run["costs"].pop("max_epochs", None)
    path.write_text(json.dumps(runs), encoding="utf-8")
    write_report(tmp_path)
    head, *rows = Page(tmp_path).tables("curves")[0]
    assert text(head[-1]) == "perhaps not converged"
    assert [text(row[-1]) for row in rows] == ["0", "1", "2", "–", "1", "–"]
    bold = [row[-1].find("b") is not None for row in rows]
    assert bold == [False, True, True, False, True, False]


def test_drawing_ends_where_the_shortest_run_ends(page: Page) -> None:
    (picture,) = page.pictures("curves")
    runs = page.file("runs.json")
    for name in ("teachers", "baseline", "posterior_text", "weighted_top_k_5"):
        curves = [run["curve"] for run in runs if run["method"] == name]
        last = min(map(len, curves))
        value = mean(curve[last - 1] for curve in curves)
        assert f"{name} {100 * value:.2f} after epoch {last}" in picture.get("alt", "")
        assert (f">{name} {100 * value:.2f}<" in drawing(picture)) == (name in labelled(page))


def labelled(page: Page) -> list:
    scores = page.scores()
    methods = page.file("experiment.json")["methods"]
    names = [
        one["name"]
        for one in methods
        if not one["ablation"] and (one["name"], "test", "macro") in scores
    ]
    students = sorted(
        set(names) - {"teachers", "baseline"},
        key=lambda name: -scores[name, "test", "macro"]["mean"],
    )
    return ["teachers", "baseline", *students[:3]]


def test_labels_that_would_overlap_are_moved_apart_in_order() -> None:
    moved = spread([5.0, 1.0, 5.1, 9.0], least=1.0)
    ordered = [moved[1], moved[0], moved[2], moved[3]]
    assert all(after - before >= 1.0 - 1e-9 for before, after in zip(ordered, ordered[1:]))
    assert spread([1.0, 4.0], least=1.0) == [1.0, 4.0] and spread([], least=1.0) == []
