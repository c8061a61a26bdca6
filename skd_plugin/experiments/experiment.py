"""The file of an experiment, and the runs that follow from it."""

import os
import shlex
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments.checks import (
    ACCURACY,
    ALL,
    BASELINE,
    F1,
    KNOWLEDGE,
    SPLITS,
    TEACHERS,
    check_experiment,
    check_files,
    language_of_teacher,
    learns_from_teachers,
)

GIVEN = ("SKD_SEED", "SKD_TEACHERS", "SKD_KNOWLEDGE")


def is_teacher(method: str) -> bool:
    """Whether a row of the tables is of teachers: "teachers", or further ones such as "teachers_weak"."""
    return method == TEACHERS or method.startswith(f"{TEACHERS}_")


class Method(NamedTuple):
    """A way to train a student: its name and group in tables, whom it is compared with, and what it varies."""

    name: str
    group: Optional[str] = None
    against: Sequence[str] = ()
    ablation: Optional[Dict[str, Any]] = None

    def as_json(self) -> Dict[str, Any]:
        return {**self._asdict(), "against": list(self.against)}


class Run(NamedTuple):
    """
    One training (or, of the method "knowledge", one asking of teachers), in a folder of its own.

    # Parameters

    name : `str`
        Its path in the folder of the experiment, such as `seed-1/teachers/en`.
    method : `str`
    seed : `int`
    language : `Optional[str]`
        Of a teacher.
    config : `Optional[Dict[str, Any]]`
        What AllenNLP trains; `None` for knowledge.
    needs : `List[str]`
        The names of the runs that must be finished before.
    evaluation : `Dict[str, Dict[str, str]]`
        By split and language the files to evaluate on.
    label_encoding : `Optional[str]`
        Of the tags there.
    serves : `Sequence[str]`
        The names of the runs that want the knowledge.
    metric : `str`
        What is measured.
    """

    name: str
    method: str
    seed: int
    language: Optional[str]
    config: Optional[Dict[str, Any]]
    needs: List[str]
    evaluation: Dict[str, Dict[str, str]]
    label_encoding: Optional[str] = None
    serves: Sequence[str] = ()
    metric: str = F1


class Experiment:
    """
    What an experiment file says.

    It is jsonnet, evaluated once for each seed with the external variables `SKD_SEED`, `SKD_TEACHERS` and
    `SKD_KNOWLEDGE` set, and gives

    * `title`, `seeds` (the same whatever the seed), and `label_encoding` of the tags (`null`: they are counted one by
      one);
    * `metric`, optional: "p_at_1" of encoders (`mmkd_encoder`), of which translations are searched for; else "f1" or
      "accuracy" as `label_encoding` says;
    * `teachers`: the config of each language's teacher, found by students in `<SKD_TEACHERS>/<language>/model.tar.gz`;
      a key such as `weak/en` is the English one of further teachers, whose row in the tables is "teachers_weak"; `all`
      is one of all languages; `{archive_file: path}` in place of a config is one that is trained already;
    * `methods`: a list of `{"name": ..., "config": ...}` in the order of the tables, one of which is "baseline";
      optional are `group`, `against` (the names of those it is compared with; by default the baseline), and `ablation`
      (`{"of": "weighted_top_k", "parameter": "k", "value": 5}`);
    * `evaluation`: `{"test": {language: path}, "zero_shot": {language: path}}`, the latter optional; of encoders
      parallel files, and languages may be pairs such as "de-fr".

    # Parameters

    path : `str`
        The file.
    folder : `str`
        Of the output.

    # Raises

    `ConfigurationError` if something is missing, unknown, or contradicts itself.
    """

    def __init__(self, path: str, folder: str) -> None:
        self.path, self.folder = path, folder
        self._runs: Optional[List[Run]] = None
        content = self._evaluate(None)
        check_experiment(path, content)
        self.seeds: List[int] = content["seeds"]
        self.title = str(content["title"])
        self.label_encoding: Optional[str] = content.get("label_encoding")
        # What is measured.
        self.metric: str = content.get("metric") or (F1 if self.label_encoding else ACCURACY)
        files = content["evaluation"]
        self.evaluation: Dict[str, Dict[str, str]] = {
            split: files[split] for split in SPLITS if files.get(split)
        }
        self.methods = [_method(described) for described in content["methods"]]
        rows = {_row(name) for name in content.get("teachers") or {}}
        self.teachers = [Method(row) for row in sorted(rows)]

    def languages(self, split: str) -> List[str]:
        """Those that have a file in a split."""
        return list(self.evaluation.get(split, {}))

    def runs(self) -> List[Run]:
        """All of them, each after those that it needs."""
        if self._runs is None:  # jsonnet takes a moment
            self._runs = [run for seed in self.seeds for run in self._runs_of(seed)]
        return list(self._runs)

    def check_files(self) -> None:
        """`ConfigurationError` naming the files of `evaluation` that are not there: before the training, not after."""
        check_files(self.path, self.evaluation)

    def as_json(self) -> Dict[str, Any]:
        """What `experiment.json` says."""
        return {
            "title": self.title,
            "metric": self.metric,
            "seeds": self.seeds,
            "languages": {split: self.languages(split) for split in SPLITS},
            "methods": [method.as_json() for method in [*self.teachers, *self.methods]],
            "command": _command(self.path, self.folder),
        }

    # ---- parts

    def _runs_of(self, seed: int) -> List[Run]:
        content = self._evaluate(seed)
        teachers = [
            self._teacher_run(seed, name, config)
            for name, config in (content.get("teachers") or {}).items()
        ]
        students = [self._student_run(seed, method) for method in content["methods"]]
        if not any(run.needs for run in students):
            return [*teachers, *students]
        needs = [run.name for run in teachers]
        serves = [run.name for run in students if run.needs]
        name = f"seed-{seed}/{KNOWLEDGE}"
        knowledge = Run(name, KNOWLEDGE, seed, None, None, needs, {}, None, serves)
        return [*teachers, knowledge, *students]

    def _teacher_run(self, seed: int, name: str, config: Dict[str, Any]) -> Run:
        files, language = self.evaluation["test"], language_of_teacher(name)
        evaluation = {"test": files if language == ALL else {language: files[language]}}
        path = f"seed-{seed}/{TEACHERS}/{name}"
        of_one = None if language == ALL else language
        encoding, metric = self.label_encoding, self.metric
        return Run(path, _row(name), seed, of_one, config, [], evaluation, encoding, metric=metric)

    def _student_run(self, seed: int, method: Dict[str, Any]) -> Run:
        name, config = method["name"], method["config"]
        needs = [f"seed-{seed}/{KNOWLEDGE}"] if learns_from_teachers(config) else []
        path, encoding, metric = f"seed-{seed}/{name}", self.label_encoding, self.metric
        return Run(path, name, seed, None, config, needs, self.evaluation, encoding, metric=metric)

    def _evaluate(self, seed: Optional[int]) -> Any:
        """The content of the file; of any seed for what does not depend on it."""
        folder = Path(self.folder) / f"seed-{0 if seed is None else seed}"
        values = "" if seed is None else str(seed), str(folder / TEACHERS), str(folder / KNOWLEDGE)
        variables = dict(zip(GIVEN, values))
        try:
            return Params.from_file(self.path, ext_vars=variables).as_dict(quiet=True)
        except FileNotFoundError:
            raise ConfigurationError(f"{self.path}: no such experiment file")
        except RuntimeError as error:  # of jsonnet
            raise ConfigurationError(f"{self.path}: {str(error).strip()}")


def _method(described: Dict[str, Any]) -> Method:
    name = described["name"]
    against = described.get("against", [] if name == BASELINE else [BASELINE])
    return Method(name, described.get("group"), against, described.get("ablation"))


def _row(teacher: str) -> str:
    """The row in the tables of a teacher such as "en" or "weak/en"."""
    further, _, _ = teacher.rpartition("/")
    return f"{TEACHERS}_{further}" if further else TEACHERS


def _command(path: str, folder: str) -> str:
    """With the settings of the environment before it."""
    settings = [
        f"{name}={shlex.quote(value)}"
        for name, value in sorted(os.environ.items())
        if name.startswith("SKD_") and value and name not in GIVEN
    ]
    command = ["allennlp distill", shlex.quote(path), "-s", shlex.quote(folder)]
    return " ".join([*settings, *command, "--include-package skd_plugin"])
