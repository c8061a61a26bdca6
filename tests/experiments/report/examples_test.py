import pytest

from skd_plugin.experiments.report.examples import _luminance, _shade
from tests.experiments.report.pages import Page, text


def test_heat_maps_hold_the_posteriors(page: Page) -> None:
    section = page.section("examples")
    examples = page.file("examples.json")
    tables = list(section.iter("table"))
    assert len(tables) == 3 * len(examples)
    for number, table in enumerate(tables):
        example = examples[number // 3]
        caption = table.find("caption")
        assert caption is not None
        name = text(caption)
        assert number % 3 == 2 or name == ["teachers", "baseline"][number % 3]
        head, *rows = [list(row) for row in table.iter("tr")]
        labels = [text(cell) for cell in head[1:]]
        assert [text(row[0]) for row in rows] == example["tokens"]
        for row, posterior, gold in zip(rows, example["posteriors"][name], example["gold"]):
            for label, cell in zip(labels, row[1:]):
                hundredths = round(100 * posterior[example["labels"].index(label)])
                assert text(cell) == (str(hundredths) if hundredths else "")
                assert (cell.get("class") == "gold") == (label == gold)
        assert all(gold in labels for gold in example["gold"])


def test_labels_that_nobody_thinks_of_are_left_out(page: Page) -> None:
    examples = page.file("examples.json")
    tables = list(page.section("examples").iter("table"))
    left_out = 0
    for number, example in enumerate(examples):
        group = tables[3 * number : 3 * number + 3]
        names = [text(table.find("caption")) for table in group]  # type: ignore[arg-type]
        expected = [
            label
            for index, label in enumerate(example["labels"])
            if label in example["gold"]
            or any(row[index] >= 0.05 for name in names for row in example["posteriors"][name])
        ]
        for table in group:
            assert [text(cell) for cell in next(table.iter("tr"))][1:] == expected
        left_out += len(example["labels"]) - len(expected)
    assert left_out > 0


def test_sentences_say_their_language(page: Page) -> None:
    headings = list(page.section("examples").iter("h3"))
    for heading, example in zip(headings, page.file("examples.json")):
        sentence = heading.find("bdi")
        assert sentence is not None
        assert sentence.get("lang") == example["language"]
        assert text(sentence) == " ".join(example["tokens"])


@pytest.mark.parametrize("probability", [index / 50 for index in range(51)])
def test_numbers_can_be_read_on_their_shade(probability: float) -> None:
    """Contrast as the web's guidelines want it of small text."""
    shade = _luminance(_shade(probability))
    ink = 1.0 if shade < 0.18 else 0.0
    light, dark = max(shade, ink), min(shade, ink)
    assert (light + 0.05) / (dark + 0.05) > 4.5
