import json
import re
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import many_methods, method, write_folder
from tests.experiments.report.pages import Page, text

ALL = (
    "short scores languages comparisons gap zero-shot ablations curves costs examples runs".split()
)


def test_sections_stand_in_order_and_in_the_contents(page: Page) -> None:
    assert page.section_names() == ALL
    nav = page.tree.find(".//nav")
    assert nav is not None
    assert [link.get("href") for link in nav.iter("a")] == [f"#{name}" for name in ALL]


def test_page_says_its_language_and_what_was_run(page: Page) -> None:
    assert page.tree.get("lang") == "en"
    header = page.tree.find(".//header")
    assert header is not None
    assert [text(child) for child in header] == [
        "Universal Dependencies, parts of speech",
        "24 methods on 3 languages and 3 without training data with 3 seeds; 75 of 81 runs finished.",
        "Not complete: of 81 runs, 3 not run yet and 3 failed. What follows is of the finished ones.",
        "allennlp distill training_configs/experiments/ud_pos.jsonnet -s runs",
    ]


def test_nothing_is_taken_from_the_network(page: Page) -> None:
    for element in page.tree.iter():
        assert element.tag not in ("script", "link", "iframe", "object")
        assert re.match(r"data:image/svg\+xml;base64,|$", element.get("src", ""))
        assert element.get("href", "#").startswith("#")
    assert "url(" not in page.html and "@import" not in page.html


def test_same_files_give_the_same_bytes(small: Path) -> None:
    write_report(small)
    before = (small / "report.html").read_bytes()
    write_report(small)
    assert (small / "report.html").read_bytes() == before


CASES: Dict[str, Dict[str, Any]] = {
    "many languages": dict(methods=many_methods(5), languages=25, seeds=[1], examples=False),
    "many methods": dict(methods=many_methods(40), languages=2, seeds=[1], zero_shot=False),
    "only teachers so far": dict(
        methods=many_methods(4), unfinished=["baseline", "emission", "top_k"]
    ),
    "nothing so far": dict(
        methods=many_methods(3), unfinished=["teachers", "baseline", "emission"], examples=False
    ),
    "no teachers": dict(methods=many_methods(4), failed=["teachers"], languages=2),
    "strange names": dict(
        methods=[
            method("teachers", None, ()),
            method("baseline", None, ()),
            method("蒸留_<b>&$x$|`", "群 & <i>"),
            method("שיטה" * 12, "群 & <i>", of="שיטה", parameter="π", value="ß"),
        ],
        languages=2,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_page_is_valid_whatever_there_is(name: str, tmp_path: Path) -> None:
    write_report(write_folder(tmp_path, **CASES[name]))
    page = Page(tmp_path)
    assert {"short", "scores", "comparisons", "gap", "costs", "runs"} <= set(page.section_names())
    assert (tmp_path / "results.md").stat().st_size > 500


def test_nothing_so_far_is_said(tmp_path: Path) -> None:
    write_report(write_folder(tmp_path, **CASES["nothing so far"]))
    page = Page(tmp_path)
    assert "no two methods have been compared" in text(page.section("short"))
    assert "No method has yet been compared" in text(page.section("comparisons"))
    assert "Not known yet" in text(page.section("gap"))
    assert "No run has finished yet." in text(page.section("costs"))
    assert "No run has finished yet." in text(page.section("curves"))


def test_small_experiment_has_no_empty_sections(small: Path) -> None:
    write_report(small)
    names = Page(small).section_names()
    assert names == [name for name in ALL if name not in ("zero-shot", "ablations", "examples")]


def test_missing_file_and_missing_field_are_said(small: Path) -> None:
    statistics = json.loads((small / "statistics.json").read_text(encoding="utf-8"))
    del statistics["scores"][1]["sd"]
    (small / "statistics.json").write_text(json.dumps(statistics), encoding="utf-8")
    message = (
        f"{small / 'statistics.json'}: scores, row 2: expected the fields method, split, language, mean, sd, low, "
        "high, seeds; got none named sd"
    )
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        write_report(small)
    (small / "statistics.json").unlink()
    message = f"{small / 'statistics.json'}: no such file; expected one that `distill` wrote"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        write_report(small)
    (small / "statistics.json").write_text("{", encoding="utf-8")
    message = f"{small / 'statistics.json'}: expected JSON: Expecting property name"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        write_report(small)


def test_without_matplotlib_the_tables_are_still_written(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match="needs matplotlib.*pip install matplotlib"):
        write_report(small)
    assert (small / "results.md").exists()
    assert not (small / "report.html").exists()
