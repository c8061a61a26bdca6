from pathlib import Path
from typing import List

import pytest

from skd_plugin.experiments.report import write_report
from tests.experiments.report.pages import Page, drawing, text, texts


def number(value: float) -> str:
    return f"{100 * value:.2f}".replace("-", "−")


@pytest.mark.parametrize("section, split", [("scores", "test"), ("zero-shot", "zero_shot")])
def test_table_has_each_score(page: Page, section: str, split: str) -> None:
    scores = page.scores()
    head, *rows = texts(page.tables(section)[0])
    languages = page.file("experiment.json")["languages"][split]
    assert head == ["method", *languages, "macro", "95 % interval"]
    names = [one["name"] for one in page.file("experiment.json")["methods"]]
    assert [row[0].split()[0] for row in rows] == names[split == "zero_shot" :]
    for row in rows:
        method = row[0].split()[0]
        for language, cell in zip([*languages, "macro"], row[1:]):
            score = scores.get((method, split, language))
            expected = f"{number(score['mean'])} ± {number(score['sd'])}" if score else "–"
            assert cell.replace("▲", "").replace("▼", "") == expected
        if method not in ("emission_text", "structural_text"):
            assert row[-1] == f"{number(score['low'])} to {number(score['high'])}"


def test_best_student_of_a_group_is_bold(page: Page) -> None:
    scores = page.scores()
    table = page.tables("scores")[0]
    methods = page.file("experiment.json")["methods"]
    groups = {one["name"]: one["group"] for one in methods}
    for column, language in enumerate(text(cell) for cell in table[0][:-1]):
        if column == 0:
            continue
        bold: List[str] = [
            text(row[0]).split()[0] for row in table[1:] if row[column].find("b") is not None
        ]
        for group in {group for group in groups.values() if group}:
            members = [m for m in groups if groups[m] == group and (m, "test", language) in scores]
            best = max(members, key=lambda m: scores[m, "test", language]["mean"])
            assert [name for name in bold if groups[name] == group] == [best]
        assert "teachers" not in bold


def test_further_teachers_are_no_student(further: Page) -> None:
    scores = further.scores()
    assert max(scores, key=lambda key: scores[key]["mean"])[0] == "teachers_big"
    rows = {text(row[0]): row for row in further.tables("scores")[0]}
    assert all(cell.find("b") is None for cell in rows["teachers_big"][1:])
    zero_shot = [row[0] for row in texts(further.tables("zero-shot")[0])[1:]]
    assert zero_shot == ["baseline", "emission", "top_k", "weighted_top_k"]


def test_arrows_stand_where_the_first_reference_is_left_behind(page: Page) -> None:
    first = {one["name"]: one["against"] for one in page.file("experiment.json")["methods"]}
    expected = {
        (row["method"], row["language"]): "▲" if row["difference"] > 0 else "▼"
        for row in page.file("statistics.json")["comparisons"]
        if row["split"] == "test"
        and row["against"] == first[row["method"]][0]
        and row["p_corrected"] < 0.05
    }
    head, *rows = texts(page.tables("scores")[0])
    found = {
        (row[0].split()[0], language): mark
        for row in rows
        for language, cell in zip(head[1:], row[1:])
        for mark in "▲▼"
        if mark in cell
    }
    assert found == expected and "▲" in found.values()


def test_one_seed_has_no_deviation(small: Path) -> None:
    write_report(small)
    page = Page(small)
    score = page.scores()["baseline", "test", "en"]
    assert texts(page.tables("scores")[0])[2][1] == number(score["mean"])


def test_each_language_has_a_drawing_with_all_scores_in_words(page: Page) -> None:
    pictures = page.pictures("languages")
    assert len(pictures) == 4
    scores = page.scores()
    for picture, language in zip(pictures, ["en", "he", "fa", "macro"]):
        title, _, told = picture.get("alt", "").partition(": ")
        assert title == ("macro average" if language == "macro" else language)
        names = []
        for part in told.split("; "):
            score = scores[part.split()[0], "test", language]
            names.append(score["method"])
            low, high = number(score["low"]), number(score["high"])
            assert part == f"{score['method']} {number(score['mean'])} ({low} to {high})"
        assert names[:2] == ["teachers", "baseline"] and "weighted_top_k_5" not in names
        svg = drawing(picture)
        assert all(f">{name}<" in svg for name in names)
        for name in ("baseline", "teachers"):
            assert f"{name} {number(scores[name, 'test', language]['mean'])}" in svg
    assert len(page.pictures("zero-shot")) == 4
