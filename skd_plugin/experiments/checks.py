"""What an experiment file must be, checked before anything is trained."""

import json
import re
from collections import Counter
from typing import Any, Dict, List

from allennlp.common.checks import ConfigurationError
from allennlp.models import Model

from skd_plugin.dataset_readers.tag_encodings import known_encoding
from skd_plugin.experiments.digests import local_file
from skd_plugin.models import MmkdEncoder
from skd_plugin.training.configs import phases_of

TEACHERS, BASELINE, KNOWLEDGE = "teachers", "baseline", "knowledge"
ALL = "all"
"""The name of a teacher of all languages, in place of a language."""
GIVEN_ARCHIVE = "archive_file"
"""What a teacher has in place of a config if it is trained already."""
TEST, ZERO_SHOT = SPLITS = "test", "zero_shot"
MACRO = "macro"  # the mean over languages, in the tables in a language's place
F1, ACCURACY, P_AT_1 = "f1", "accuracy", "p_at_1"
KEYS = ("title", "seeds", "label_encoding", "metric", "teachers", "methods", "evaluation")
KEYS_OF_METHOD = ("name", "config", "group", "against", "ablation")


def check_experiment(path: str, content: Any) -> None:
    """
    `ConfigurationError` for what is missing, unknown, or contradicts itself.

    # Parameters

    path : `str`
        Of the file, for messages.
    content : `Any`
        What it evaluates to.
    """
    try:
        _known_keys(_object(content, "the file"), KEYS)
        for name in ("title", "seeds", "methods", "evaluation"):
            if not content.get(name):
                raise ConfigurationError(f"expected {name}, and found none")
        _check_seeds(content["seeds"])
        _check_label_encoding(content.get("label_encoding"))
        _check_metric(content)
        _check_evaluation(content["evaluation"])
        _check_methods(content["methods"])
        _check_encoders(content)
        _check_teachers(content)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}")


def check_files(path: str, evaluation: Dict[str, Dict[str, str]]) -> None:
    """`ConfigurationError` naming the files to evaluate on that are not there."""
    files = [file for of_split in evaluation.values() for file in of_split.values()]
    missing = [file for file in files if "://" not in file and local_file(file) is None]
    if missing:
        raise ConfigurationError(f"{path}: evaluation: no such file: {', '.join(missing)}")


def learns_from_teachers(config: Dict[str, Any]) -> bool:
    """Whether the model of a config has teachers, and its phases, if there are any, learn from them."""
    phases = phases_of(config)
    is_taught = not phases or any(phase.get("losses") for phase in phases)
    return is_taught and bool(config.get("model", {}).get("teachers"))


def language_of_teacher(name: str) -> str:
    """The last part of "en" or "weak/en"."""
    return name.rpartition("/")[2]


def _shown(value: Any) -> str:
    """As it stands in the file, or how it begins."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _object(value: Any, where: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where}: expected an object, got {_shown(value)}")
    return value


def _known_keys(value: Dict[str, Any], expected: Any, where: str = "") -> None:
    unknown = sorted(set(value) - set(expected))
    if unknown:
        raise ConfigurationError(
            f"{where}unknown key {', '.join(unknown)}; expected some of {', '.join(expected)}"
        )


def _check_seeds(seeds: Any) -> None:
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise ConfigurationError(f"seeds: expected a list of whole numbers, got {_shown(seeds)}")
    if len(set(seeds)) < len(seeds):
        raise ConfigurationError(f"seeds: expected different ones, got {seeds}")


def _check_label_encoding(encoding: Any) -> None:
    if encoding is not None:
        try:
            known_encoding(str(encoding))
        except ConfigurationError as error:
            raise ConfigurationError(f"label_encoding: {error}, or null")


def _check_metric(content: Dict[str, Any]) -> None:
    metric, is_encoded = content.get("metric"), content.get("label_encoding") is not None
    expected = [F1] if is_encoded else [ACCURACY, P_AT_1]
    if metric is not None and metric not in expected:
        of = "of encoded tags" if is_encoded else "without label_encoding"
        raise ConfigurationError(
            f"metric {of}: expected {' or '.join(expected)}, got {_shown(metric)}"
        )


def _check_evaluation(evaluation: Any) -> None:
    splits = sorted(_object(evaluation, "evaluation"))
    if not evaluation.get("test") or not set(splits) <= set(SPLITS):
        raise ConfigurationError(
            f'evaluation: expected files for "test", and maybe for "zero_shot", got {_shown(splits)}'
        )
    for split in splits:
        for language, file in _object(evaluation[split], f"evaluation: {split}").items():
            if not isinstance(file, str):
                raise ConfigurationError(
                    f"evaluation: {split}: {language}: expected the path of a file, got {_shown(file)}"
                )
    both = sorted(set(evaluation["test"]) & set(evaluation.get("zero_shot", {})))
    if both:
        raise ConfigurationError(
            f'evaluation: expected each language either in "test" or in "zero_shot", got {", ".join(both)} in both'
        )
    if any(MACRO in languages for languages in evaluation.values()):
        raise ConfigurationError(
            f'evaluation: expected another name of a language than "{MACRO}", which is the mean over languages'
        )


def _check_methods(methods: Any) -> None:
    if not isinstance(methods, list) or not all(isinstance(one, dict) for one in methods):
        raise ConfigurationError(
            f'methods: expected a list of {{"name": ..., "config": {{...}}}}, got {_shown(methods)}'
        )
    names = [method.get("name") for method in methods]
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
            raise ConfigurationError(
                f"methods: expected names of letters, digits, '_', '-' and '.', got {_shown(name)}"
            )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    reserved = [name for name in names if name.startswith(TEACHERS) or name == KNOWLEDGE]
    if repeated or reserved or BASELINE not in names:
        raise ConfigurationError(
            f'methods: expected each name once, one of them "{BASELINE}", none of them "{KNOWLEDGE}" '
            f'or beginning with "{TEACHERS}"; got {", ".join(names)}'
        )
    for method in methods:
        _check_method(method, names)


def _check_method(method: Dict[str, Any], names: List[str]) -> None:
    where = f"method {method['name']}"
    _known_keys(method, KEYS_OF_METHOD, f"{where}: ")
    _check_config(method.get("config"), where)
    against = method.get("against", [])
    if not isinstance(against, list) or not all(isinstance(name, str) for name in against):
        raise ConfigurationError(
            f"{where}: against: expected a list of names of methods, got {_shown(against)}"
        )
    unknown = sorted(set(against) - set(names))
    if unknown:
        raise ConfigurationError(f"{where}: against: no method {', '.join(unknown)}")
    _check_ablation(method.get("ablation"), where)


def _check_config(config: Any, where: str) -> None:
    model = _object(config, f"{where}: config").get("model", {})
    _object(model, f"{where}: config: model")


def _check_encoders(content: Dict[str, Any]) -> None:
    """Where translations are searched for, all methods are encoders."""
    for method in content["methods"] if content.get("metric") == P_AT_1 else []:
        name = method["config"].get("model", {}).get("type")
        found: Any = Model.by_name(name) if name in Model.list_available() else None
        if not isinstance(found, type) or not issubclass(found, MmkdEncoder):
            raise ConfigurationError(
                f"method {method['name']}: {P_AT_1} is of encoders: expected the model mmkd_encoder, got {_shown(name)}"
            )


def _check_ablation(ablation: Any, where: str) -> None:
    if ablation is None:
        return
    types = {"of": (str,), "parameter": (str,), "value": (int, float)}
    if (
        not isinstance(ablation, dict)
        or set(ablation) != set(types)
        or not all(type(ablation[name]) in expected for name, expected in types.items())
    ):
        raise ConfigurationError(
            f"{where}: ablation: expected null or an object like "
            f'{{"of": "top_k", "parameter": "k", "value": 5}}, got {_shown(ablation)}'
        )


def _check_teachers(content: Dict[str, Any]) -> None:
    teachers = content.get("teachers")
    teachers = {} if teachers is None else _object(teachers, "teachers")
    for name, config in teachers.items():
        _check_config(config, f"teachers: {name}")
    languages = {language_of_teacher(name) for name in teachers}
    missing = sorted(languages - {ALL} - set(content["evaluation"]["test"]))
    if missing:
        raise ConfigurationError(
            f"evaluation: expected a test file for each teacher, found none for {', '.join(missing)}"
        )
    if not teachers and any(learns_from_teachers(one["config"]) for one in content["methods"]):
        raise ConfigurationError("teachers: expected some, since methods learn from them")
