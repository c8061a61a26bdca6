import pytest

from skd_plugin.experiments.report.numbers import interval, joined, p_equals, p_value, points
from tests.experiments.report.pages import Page, text, texts


@pytest.mark.parametrize(
    "section, index, split", [("comparisons", 0, "test"), ("zero-shot", 1, "zero_shot")]
)
def test_each_macro_comparison_is_a_row(page: Page, section: str, index: int, split: str) -> None:
    _, *rows = texts(page.tables(section)[index])
    expected = [
        [
            row["method"],
            row["against"],
            f"{100 * row['difference']:+.2f}".replace("-", "−"),
            f"{100 * row['low']:.2f} to {100 * row['high']:.2f}".replace("-", "−"),
            *(
                f"{row[p]:.3f}" if row[p] >= 0.001 else "< 0.001"
                for p in ("p", "p_corrected", "p_sentences")
            ),
            "1, 2, 3",
        ]
        for row in page.file("statistics.json")["comparisons"]
        if (row["split"], row["language"]) == (split, "macro")
    ]
    assert rows == expected and len(rows) > 20


def test_bold_is_what_the_corrected_p_bears_out(page: Page) -> None:
    for row in page.tables("comparisons")[0][1:]:
        p = text(row[5])
        assert (row[2].find("b") is not None) == (p == "< 0.001" or float(p) < 0.05)


def test_the_test_is_explained(page: Page) -> None:
    paragraph = page.section("comparisons").find("p")
    assert paragraph is not None
    told = text(paragraph)
    assert "10,000 times" in told and "95 % interval" in told
    assert "how it varies from seed to seed" in told and "cannot be found" not in told
    assert told.count(". ") + 1 == 5


def test_of_one_seed_nothing_is_said_of_others(further: Page) -> None:
    paragraph = further.section("comparisons").find("p")
    assert paragraph is not None
    told = text(paragraph)
    assert "cannot be found from one seed" in told and "seed to seed" not in told
    assert "10,000 times" in told and "95 % interval" in told
    assert told.count(". ") + 1 == 5


def test_numbers_for_people() -> None:
    assert points(-0.00844) == "−0.84" and points(0.0) == "+0.00"
    assert interval(-0.001, 0.0127) == "−0.10 to 1.27" and interval(None, None) == "–"
    assert p_value(0.0004) == "< 0.001" and p_value(0.0314) == "0.031"
    assert p_equals(0.0004) == "p < 0.001" and p_equals(0.25) == "p = 0.250"
    assert joined([]) == "" and joined(["a"]) == "a" and joined(["a", "b", "c"]) == "a, b and c"
