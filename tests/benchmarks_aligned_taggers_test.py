"""Goals of taggers above aligned encoders are judged rightly."""

import json

import pytest

from benchmarks import aligned_taggers
from benchmarks.distillation import Findings

METHODS = ["mmkd", "baseline", "hidden_words"]


def write_experiment(here, splits):
    """Of methods with these gains by split."""
    comparisons = [
        {
            "method": "mmkd",
            "against": rival,
            "split": split,
            "language": language,
            "difference": gain,
            "p_corrected": p,
        }
        for split, gains in splits.items()
        for language in ("macro", "de")
        for rival, gain, p in zip(METHODS[1:], gains, (0.01, 0.2))
    ]
    here.mkdir()
    methods = [{"name": name, "group": None, "against": []} for name in METHODS]
    scores = [{"split": split} for split in splits]
    (here / "experiment.json").write_text(json.dumps({"methods": methods}))
    statistics = {"scores": scores, "comparisons": comparisons}
    (here / "statistics.json").write_text(json.dumps(statistics))
    (here / "results.md").write_text("# Taggers\n\n## Scores\n")
    return here


@pytest.fixture
def folder(tmp_path):
    return write_experiment(tmp_path / "ner", {"test": (0.03, -0.01)})


def found(folder):
    claims = aligned_taggers.claims(Findings(folder))
    return [(one["claim"], round(one["value"], 3), one["holds"]) for one in claims]


def test_goals(folder):
    assert found(folder) == [
        ("ner: mmkd above untrained, points", 3.0, True),
        ("ner: mmkd above untrained: p, corrected", 0.01, True),
        ("ner: mmkd above hidden words, points", -1.0, False),
        ("ner: mmkd above hidden words: p, corrected", 1.0, False),
    ]


def test_goals_of_languages_without_labels(tmp_path):
    folder = write_experiment(tmp_path / "zero", {"test": (-0.9, -0.9), "zero_shot": (0.002, 0.04)})
    assert [value for _, value, _ in found(folder)] == [0.2, 0.01, 4.0, 0.2]


def test_the_page_is_completed(folder, tmp_path):
    output, rows = tmp_path / "RESULTS.md", tmp_path / "rows.json"
    begin, end = aligned_taggers.MARKS
    output.write_text(f"# Results\n\n{begin}\n\nOld.\n\n{end}\n\n## Others\n")
    arguments = [str(folder), "--output", str(output), "--json", str(rows)]
    aligned_taggers.main(arguments)
    page = output.read_text()
    assert page.startswith(f"# Results\n\n{begin}\n\n### Goals of taggers\n\n| claim")
    assert page.endswith(f"### Taggers\n\n#### Scores\n\n{end}\n\n## Others\n")
    assert json.loads(rows.read_text()) == list(aligned_taggers.claims(Findings(folder)))
    aligned_taggers.main(arguments)
    assert output.read_text() == page
