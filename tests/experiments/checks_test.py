"""What is wrong with experiment files."""

import json
from pathlib import Path
from typing import Any, Dict

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments import Experiment
from skd_plugin.experiments.checks import check_experiment, learns_from_teachers

BASELINE: Dict[str, Any] = {"name": "baseline", "config": {"model": {}}}
ENCODER: Dict[str, Any] = {"name": "baseline", "config": {"model": {"type": "mmkd_encoder"}}}
STUDENT: Dict[str, Any] = {
    "name": "posterior",
    "group": None,
    "against": ["baseline"],
    "ablation": None,
    "config": {"model": {"teachers": {"en": []}}},
}
WHOLE: Dict[str, Any] = {
    "title": "Two methods",
    "seeds": [1, 2],
    "label_encoding": "BIO",
    "teachers": {"en": {"model": {}}, "weak/ru": {"model": {}}},
    "methods": [BASELINE, STUDENT],
    "evaluation": {"test": {"en": "en.txt", "ru": "ru.txt"}, "zero_shot": {"de": "de.txt"}},
}
TEST = {"en": "en.txt", "ru": "ru.txt"}
ENCODINGS = "expected one of BIO, IOB1, BIOUL, BMES, IOB2, BIOES, BILOU, IOBES, or null"
NAMES = (
    'methods: expected each name once, one of them "baseline", none of them "knowledge" or beginning with "teachers"; '
    "got "
)


@pytest.mark.parametrize("losses, is_taught", [(None, False), ([], False), ([{}], True)])
def test_who_learns_from_teachers_in_phases(losses: Any, is_taught: bool) -> None:
    phases = [{"name": "one"}, {"name": "two", "losses": losses}]
    config: Dict[str, Any] = {
        "model": {"teachers": {"en": []}},
        "trainer": {"type": "phases", "phases": phases},
    }
    assert learns_from_teachers(config) == is_taught
    assert learns_from_teachers({**config, "trainer": {}})


def refused(content: Any) -> str:
    """What is said of a file with this content."""
    with pytest.raises(ConfigurationError) as raised:
        check_experiment("x.jsonnet", content)
    message = str(raised.value)
    assert message.startswith("x.jsonnet: ")
    return message[len("x.jsonnet: ") :]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"label_encoding": None},
        {"label_encoding": "bioes"},
        {"metric": "f1"},
        {"label_encoding": None, "metric": "accuracy"},
        {"label_encoding": None, "metric": "p_at_1", "teachers": None, "methods": [ENCODER]},
        {"teachers": None, "methods": [BASELINE]},
        {"teachers": {}, "methods": [{"name": "baseline", "config": {}}]},
        {"teachers": {"all": {"archive_file": "x.tar.gz"}, "d0/all": {"model": {}}}},
        {"evaluation": {"test": TEST}},
        {"evaluation": {"test": TEST, "zero_shot": {}}},
        {"methods": [BASELINE, {"name": "k_2.5-x", "config": {}, "against": []}]},
        {
            "methods": [
                BASELINE,
                {**STUDENT, "ablation": {"of": "a", "parameter": "b", "value": 0.5}},
            ]
        },
    ],
)
def test_nothing_is_wrong(changes: Dict[str, Any]) -> None:
    check_experiment("x.jsonnet", {**WHOLE, **changes})


@pytest.mark.parametrize("name", ["title", "seeds", "methods", "evaluation"])
def test_what_is_missing(name: str) -> None:
    assert refused({**WHOLE, name: None}) == f"expected {name}, and found none"
    assert refused({**WHOLE, name: []}) == f"expected {name}, and found none"
    without = {key: value for key, value in WHOLE.items() if key != name}
    assert refused(without) == f"expected {name}, and found none"


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"zeroshot": {}, "seed": 1},
            "unknown key seed, zeroshot; expected some of title, seeds, label_encoding, metric, teachers, "
            "methods, evaluation",
        ),
        ({"seeds": 3}, "seeds: expected a list of whole numbers, got 3"),
        ({"seeds": [1, 2.5]}, "seeds: expected a list of whole numbers, got [1, 2.5]"),
        ({"seeds": [True]}, "seeds: expected a list of whole numbers, got [true]"),
        ({"seeds": [1, 2, 1]}, "seeds: expected different ones, got [1, 2, 1]"),
        (
            {"label_encoding": "BIX"},
            f'label_encoding: unknown encoding of tags "BIX"; {ENCODINGS}',
        ),
        ({"label_encoding": ""}, f'label_encoding: unknown encoding of tags ""; {ENCODINGS}'),
        ({"label_encoding": 3}, f'label_encoding: unknown encoding of tags "3"; {ENCODINGS}'),
        ({"metric": "p_at_1"}, 'metric of encoded tags: expected f1, got "p_at_1"'),
        (
            {"label_encoding": None, "metric": "f1"},
            'metric without label_encoding: expected accuracy or p_at_1, got "f1"',
        ),
        (
            {"label_encoding": None, "metric": "p_at_1", "methods": [BASELINE]},
            "method baseline: p_at_1 is of encoders: expected the model mmkd_encoder, got null",
        ),
        ({"teachers": ["en"]}, 'teachers: expected an object, got ["en"]'),
        ({"teachers": []}, "teachers: expected an object, got []"),
        (
            {"teachers": {"weak/en": "en.jsonnet"}},
            'teachers: weak/en: config: expected an object, got "en.jsonnet"',
        ),
        (
            {"teachers": {"en": {"model": "crf"}}},
            'teachers: en: config: model: expected an object, got "crf"',
        ),
        ({"teachers": None}, "teachers: expected some, since methods learn from them"),
        ({"teachers": {}}, "teachers: expected some, since methods learn from them"),
        (
            {"evaluation": {"test": {"en": "en.txt"}}},
            "evaluation: expected a test file for each teacher, found none for ru",
        ),
    ],
)
def test_seeds_encoding_and_teachers(changes: Dict[str, Any], message: str) -> None:
    assert refused({**WHOLE, **changes}) == message


@pytest.mark.parametrize(
    "evaluation, message",
    [
        ("en.txt", 'evaluation: expected an object, got "en.txt"'),
        (
            {"zero_shot": {"de": "de.txt"}},
            'evaluation: expected files for "test", and maybe for "zero_shot", got ["zero_shot"]',
        ),
        (
            {"test": TEST, "dev": {}},
            'evaluation: expected files for "test", and maybe for "zero_shot", got ["dev", "test"]',
        ),
        ({"test": "en.txt"}, 'evaluation: test: expected an object, got "en.txt"'),
        ({"test": TEST, "zero_shot": None}, "evaluation: zero_shot: expected an object, got null"),
        (
            {"test": {**TEST, "en": None}},
            "evaluation: test: en: expected the path of a file, got null",
        ),
        (
            {"test": TEST, "zero_shot": {"de": ["de.txt"]}},
            'evaluation: zero_shot: de: expected the path of a file, got ["de.txt"]',
        ),
        (
            {"test": TEST, "zero_shot": {**TEST, "de": "de.txt"}},
            'evaluation: expected each language either in "test" or in "zero_shot", got en, ru in both',
        ),
        (
            {"test": TEST, "zero_shot": {"macro": "de.txt"}},
            'evaluation: expected another name of a language than "macro", which is the mean over languages',
        ),
    ],
)
def test_evaluation(evaluation: Any, message: str) -> None:
    assert refused({**WHOLE, "evaluation": evaluation}) == message


@pytest.mark.parametrize(
    "methods, message",
    [
        (
            {"baseline": {}},
            'methods: expected a list of {"name": ..., "config": {...}}, got {"baseline": {}}',
        ),
        (
            ["baseline"],
            'methods: expected a list of {"name": ..., "config": {...}}, got ["baseline"]',
        ),
        (
            ["m" * 100],
            f'methods: expected a list of {{"name": ..., "config": {{...}}}}, got ["{"m" * 75}...',
        ),
        (
            [{"name": "../baseline"}],
            "methods: expected names of letters, digits, '_', '-' and '.', got \"../baseline\"",
        ),
        (
            [{"config": {}}],
            "methods: expected names of letters, digits, '_', '-' and '.', got null",
        ),
        ([BASELINE, BASELINE], NAMES + "baseline, baseline"),
        ([STUDENT], NAMES + "posterior"),
        ([BASELINE, {**STUDENT, "name": "teachers_2"}], NAMES + "baseline, teachers_2"),
        ([BASELINE, {**STUDENT, "name": "knowledge"}], NAMES + "baseline, knowledge"),
    ],
)
def test_methods(methods: Any, message: str) -> None:
    assert refused({**WHOLE, "methods": methods}) == message


ABLATION = (
    'ablation: expected null or an object like {"of": "top_k", "parameter": "k", "value": 5}, got '
)


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"againts": [], "abl": 1},
            "unknown key abl, againts; expected some of name, config, group, against, ablation",
        ),
        ({"config": None}, "config: expected an object, got null"),
        ({"config": "a.json"}, 'config: expected an object, got "a.json"'),
        ({"config": {"model": "a.json"}}, 'config: model: expected an object, got "a.json"'),
        ({"config": {"model": None}}, "config: model: expected an object, got null"),
        ({"against": ["y", "baseline", "z"]}, "against: no method y, z"),
        ({"against": "baseline"}, 'against: expected a list of names of methods, got "baseline"'),
        ({"against": None}, "against: expected a list of names of methods, got null"),
        ({"against": [["x"]]}, 'against: expected a list of names of methods, got [["x"]]'),
        ({"ablation": "k"}, f'{ABLATION}"k"'),
        ({"ablation": {}}, f"{ABLATION}{{}}"),
        ({"ablation": {"of": "x", "value": 5}}, f'{ABLATION}{{"of": "x", "value": 5}}'),
        (
            {"ablation": {"of": "x", "parameter": "k", "value": "5"}},
            f'{ABLATION}{{"of": "x", "parameter": "k", "value": "5"}}',
        ),
        (
            {"ablation": {"of": "x", "parameter": "k", "value": True}},
            f'{ABLATION}{{"of": "x", "parameter": "k", "value": true}}',
        ),
        (
            {"ablation": {"of": 1, "parameter": "k", "value": 5}},
            f'{ABLATION}{{"of": 1, "parameter": "k", "value": 5}}',
        ),
    ],
)
def test_a_method(changes: Dict[str, Any], message: str) -> None:
    methods = [BASELINE, {**STUDENT, **changes}]
    assert refused({**WHOLE, "methods": methods}) == f"method posterior: {message}"


@pytest.mark.parametrize("content", ["[]", '["a"]', "null", "3", '"a"'])
def test_no_object(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonnet"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as raised:
        Experiment(str(path), "out")
    message = f"{path}: the file: expected an object, got {json.dumps(json.loads(content))}"
    assert str(raised.value) == message
