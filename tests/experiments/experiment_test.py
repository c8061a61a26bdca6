"""Experiment files: what they say."""

import json
import os

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments import Experiment

STUDENT = {"model": {"type": "distilled_crf_tagger", "teachers": {"en": []}}}


def content(**changes):
    """Of a small file; without what is changed to `None`."""
    whole = {
        "title": "Two methods",
        "seeds": [1, 2],
        "label_encoding": "BIO",
        "teachers": {"en": {"model": {}}, "ru": {"model": {}}},
        "methods": [
            {"name": "baseline", "group": "labelled", "config": {"model": {}}},
            {"name": "posterior", "config": STUDENT},
        ],
        "evaluation": {"test": {"en": "en.txt", "ru": "ru.txt"}, "zero_shot": {"de": "de.txt"}},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes an experiment to x.jsonnet of the current folder, and reads it, without settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SKD_")]:
        monkeypatch.delenv(name)

    def read(**changes):
        (tmp_path / "x.jsonnet").write_text(json.dumps(content(**changes)))
        return Experiment("x.jsonnet", "out")

    return read


def test_runs(written):
    runs = written(seeds=[3, 7]).runs()
    assert [(run.name, run.method, run.seed, run.language) for run in runs[:5]] == [
        ("seed-3/teachers/en", "teachers", 3, "en"),
        ("seed-3/teachers/ru", "teachers", 3, "ru"),
        ("seed-3/knowledge", "knowledge", 3, None),
        ("seed-3/baseline", "baseline", 3, None),
        ("seed-3/posterior", "posterior", 3, None),
    ]
    assert [run.name for run in runs[5:]] == [run.name.replace("3", "7") for run in runs[:5]]
    assert [run.needs for run in runs[:5]] == [
        [],
        [],
        ["seed-3/teachers/en", "seed-3/teachers/ru"],
        [],
        ["seed-3/knowledge"],
    ]
    assert runs[2].serves == [run.name for run in runs if "seed-3/knowledge" in run.needs] != []
    assert {run.label_encoding for run in runs if run.config} == {"BIO"}
    files = content()["evaluation"]
    assert [run.evaluation for run in runs[:5]] == [
        {"test": {"en": "en.txt"}},
        {"test": {"ru": "ru.txt"}},
        {},
        files,
        files,
    ]
    assert runs[2].config is None and runs[4].config == STUDENT


def test_knowledge_is_not_built_for_nobody(written):
    methods = [{"name": "baseline", "config": {"model": {}}}]
    assert [run.name for run in written(methods=methods, teachers=None, seeds=[1]).runs()] == [
        "seed-1/baseline"
    ]
    names = [run.name for run in written(methods=methods, seeds=[1]).runs()]
    assert names == ["seed-1/teachers/en", "seed-1/teachers/ru", "seed-1/baseline"]


def test_further_teachers(written):
    experiment = written(teachers={"en": {"model": {}}, "weak/en": {"model": {}}}, seeds=[1])
    runs = experiment.runs()
    assert [(run.name, run.method, run.language) for run in runs[:2]] == [
        ("seed-1/teachers/en", "teachers", "en"),
        ("seed-1/teachers/weak/en", "teachers_weak", "en"),
    ]
    assert runs[2].needs == ["seed-1/teachers/en", "seed-1/teachers/weak/en"]
    assert runs[1].evaluation == {"test": {"en": "en.txt"}}
    names = [method["name"] for method in experiment.as_json()["methods"]]
    assert names == ["teachers", "teachers_weak", "baseline", "posterior"]


def test_a_teacher_of_all_languages(written):
    teachers = {"all": {"archive_file": "x.tar.gz"}, "alone/en": {"model": {}}}
    runs = written(teachers=teachers, seeds=[1]).runs()
    assert [(run.name, run.method, run.language) for run in runs[:2]] == [
        ("seed-1/teachers/all", "teachers", None),
        ("seed-1/teachers/alone/en", "teachers_alone", "en"),
    ]
    assert runs[0].evaluation == {"test": {"en": "en.txt", "ru": "ru.txt"}}
    assert runs[0].config == {"archive_file": "x.tar.gz"}


def test_it_is_evaluated_for_each_seed(tmp_path):
    path = tmp_path / "x.jsonnet"
    path.write_text("""
        local seed = std.extVar('SKD_SEED');
        {
          title: 'Seeds', seeds: [1, 2], evaluation: { test: { en: 'en.txt' } }, teachers: { en: { seed: seed } },
          methods: [
            {
              name: 'baseline',
              config: { seed: seed, folders: [std.extVar('SKD_' + name) for name in ['TEACHERS', 'KNOWLEDGE']] },
            },
          ],
        }
        """)
    runs = Experiment(str(path), "out").runs()
    assert [run.config for run in runs] == [
        {"seed": "1"},
        {"seed": "1", "folders": ["out/seed-1/teachers", "out/seed-1/knowledge"]},
        {"seed": "2"},
        {"seed": "2", "folders": ["out/seed-2/teachers", "out/seed-2/knowledge"]},
    ]


def test_what_methods_are(written):
    ablation = {"of": "top_k", "parameter": "k", "value": 5}
    experiment = written(
        methods=[
            {"name": "baseline", "group": "labelled", "config": {"model": {}}},
            {
                "name": "text",
                "group": "text",
                "config": STUDENT,
                "against": ["baseline", "top_k_5"],
            },
            {"name": "top_k_5", "config": STUDENT, "ablation": ablation},
        ]
    )
    assert experiment.as_json() == {
        "title": "Two methods",
        "metric": "f1",
        "seeds": [1, 2],
        "languages": {"test": ["en", "ru"], "zero_shot": ["de"]},
        "methods": [
            {"name": "teachers", "group": None, "against": [], "ablation": None},
            {"name": "baseline", "group": "labelled", "against": [], "ablation": None},
            {"name": "text", "group": "text", "against": ["baseline", "top_k_5"], "ablation": None},
            {"name": "top_k_5", "group": None, "against": ["baseline"], "ablation": ablation},
        ],
        "command": "allennlp distill x.jsonnet -s out --include-package skd_plugin",
    }


def test_no_zero_shot_and_no_spans(written):
    experiment = written(label_encoding=None, evaluation={"test": {"en": "a", "ru": "b"}})
    assert experiment.metric == "accuracy"
    assert experiment.as_json()["languages"] == {"test": ["en", "ru"], "zero_shot": []}


def test_the_command_has_the_settings(written, monkeypatch):
    for name, value in {
        "SKD_SIZE": "full",
        "SKD_DATA": "data of mine",
        "SKD_LANGUAGES": "",
        "SKD_SEED": "3",
        "SKD_TEACHERS": "teachers",
        "SKD_KNOWLEDGE": "knowledge",
        "NO_SKD_SETTING": "1",
    }.items():
        monkeypatch.setenv(name, value)
    experiment = written()
    experiment.folder = "out of it"
    assert experiment.as_json()["command"] == (
        "SKD_DATA='data of mine' SKD_SIZE=full "
        "allennlp distill x.jsonnet -s 'out of it' --include-package skd_plugin"
    )


def test_runs_are_kept(written, tmp_path):
    """Jsonnet is evaluated once a seed."""
    experiment = written()
    runs = experiment.runs()
    (tmp_path / "x.jsonnet").unlink()
    assert experiment.runs() == runs
    runs.clear()
    assert len(experiment.runs()) == 10


def test_a_fault(written):
    with pytest.raises(ConfigurationError) as raised:
        written(teachers=None)
    assert str(raised.value) == (
        "x.jsonnet: teachers: expected some, since methods learn from them"
    )


def test_no_file():
    with pytest.raises(ConfigurationError) as raised:
        Experiment("missing.jsonnet", "out")
    assert str(raised.value) == "missing.jsonnet: no such experiment file"


def test_jsonnet_that_is_none(tmp_path):
    path = tmp_path / "x.jsonnet"
    path.write_text("{ title: assert false : 'no such language'; 1 }")
    with pytest.raises(ConfigurationError) as raised:
        Experiment(str(path), "out")
    assert str(raised.value).startswith(f"{path}: RUNTIME ERROR: no such language\n")
