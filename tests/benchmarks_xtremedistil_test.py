"""Goals of XtremeDistil are judged rightly."""

import json

import pytest

from benchmarks import xtremedistil

SCORES = {
    "teachers": 0.80,
    "baseline": 0.50,
    "d1": 0.70,
    "joint_then_labels": 0.72,
    "logits_then_labels": 0.71,
    "logits_then_labels_crf": 0.73,
    "structural_then_labels_crf": 0.78,
}


@pytest.fixture
def folder(tmp_path):
    students = [name for name in SCORES if name != "teachers"]
    methods = [
        {"name": name, "group": None, "against": [] if name == "baseline" else ["baseline"]}
        for name in students
    ]
    of_macro = {"split": "test", "language": "macro"}
    crf = {"method": "structural_then_labels_crf", "against": "logits_then_labels_crf", **of_macro}
    statistics = {
        "scores": [{"method": name, **of_macro, "mean": mean} for name, mean in SCORES.items()],
        "comparisons": [{**crf, "difference": 0.05, "p_corrected": 0.2}],
    }
    here = tmp_path / "few"
    here.mkdir()
    teachers = {"name": "teachers", "group": None, "against": []}
    (here / "experiment.json").write_text(json.dumps({"methods": [teachers, *methods]}))
    (here / "statistics.json").write_text(json.dumps(statistics))
    (here / "results.md").write_text("# Strategies\n\n## Scores\n")
    return here


def test_goals(folder):
    claims = xtremedistil.claims(xtremedistil.Strategies(folder))
    assert [(one["claim"], round(one["value"], 3), one["holds"]) for one in claims] == [
        ("few: structural_then_labels_crf above labels alone, points", 28.0, True),
        ("few: structural_then_labels_crf below its teacher, points", 2.0, True),
        ("few: F1 of structural_then_labels_crf over that of its teacher", 0.975, True),
        ("few: joint_then_labels above d1 (joint), points", 2.0, True),
        ("few: logits_then_labels above d1 (joint), points", 1.0, False),
        ("few: structural_then_labels_crf above logits_then_labels_crf, points", 5.0, True),
        ("few: structural_then_labels_crf above logits_then_labels_crf: p, corrected", 0.2, False),
    ]


def test_only_goals_of_its_methods(folder):
    content = json.loads((folder / "experiment.json").read_text())
    kept = [one for one in content["methods"] if one["name"] in ("teachers", "baseline", "d1")]
    (folder / "experiment.json").write_text(json.dumps({"methods": kept}))
    claims = xtremedistil.claims(xtremedistil.Strategies(folder))
    assert [one["claim"].split(": ")[1].split()[0] for one in claims] == ["d1", "d1", "F1"]


def test_the_page_is_completed(folder, tmp_path):
    output, rows, table = tmp_path / "RESULTS.md", tmp_path / "rows.json", tmp_path / "table.md"
    table.write_text("| size |\n|---|\n")
    old = f"{xtremedistil.MARKS[0]}\n\nOld.\n\n{xtremedistil.MARKS[1]}"
    output.write_text(f"# Results\n\n## XtremeDistil\n\n{old}\n\n<!-- more -->\n\n## Others\n")
    arguments = [str(folder), "--output", str(output), "--json", str(rows)]
    xtremedistil.main([*arguments, "--tables", str(table)])
    page = output.read_text()
    before, after = page.split(xtremedistil.MARKS[0])[0], page.split(xtremedistil.MARKS[1])[1]
    assert before == "# Results\n\n## XtremeDistil\n\n"
    assert after == "\n\n<!-- more -->\n\n## Others\n"
    assert "Old." not in page and "| size |" in page
    assert "\n### Strategies\n\n#### Scores\n" in page
    assert "| few: logits_then_labels above d1 (joint), points | >= 1.5 | 1.00 | **no** |" in page
    written = json.loads(rows.read_text())
    assert written == xtremedistil.claims(xtremedistil.Strategies(folder))
    xtremedistil.main([*arguments, "--tables", str(table)])
    assert output.read_text() == page
