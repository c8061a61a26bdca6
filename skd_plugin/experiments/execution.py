"""Doing one run: training where it was left, evaluating, and keeping what was found."""

import json
import re
import time
import traceback
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path, hardlink_or_copy
from allennlp.models import Archive, load_archive

from skd_plugin.commands.build import fill
from skd_plugin.experiments.checks import GIVEN_ARCHIVE, P_AT_1, learns_from_teachers
from skd_plugin.experiments.digests import digest
from skd_plugin.experiments.evaluation import Counts, Examples, evaluate
from skd_plugin.experiments.experiment import Run
from skd_plugin.experiments.retrieval import evaluate_retrieval
from skd_plugin.experiments.training_folder import TrainingFolder
from skd_plugin.whole_files import write_whole

FINISHED = "finished.json"
OUTCOMES = "outcomes.npz"
ARCHIVE = "model.tar.gz"
EXAMPLES = "examples.json"
_NO_TRAINING: Dict[str, Any] = {"seconds": 0.0, "updates": 0, "epochs": 0, "best_epoch": 0}
_IN_FOLDER = re.compile(r'"[^"]*(?=seed-\d+/(?:teachers/|knowledge"))')


class Outcome(NamedTuple):
    """What a finished run leaves: counts by (split, language), a few sentences, costs, and its learning curve."""

    counts: Counts
    examples: Examples
    costs: Dict[str, Any]
    curve: List[float]


class Workplace:
    """
    The files of one run in the folder of an experiment: beside its serialization directory `seed-1/posterior/` are its
    config, `seed-1/posterior.json`, and what it printed, `seed-1/posterior.log`.

    # Parameters

    folder : `str`
        Of the experiment.
    run : `Run`
    """

    def __init__(self, folder: str, run: Run) -> None:
        self.run = run
        self.folder = Path(folder) / run.name
        self.config = self.folder.with_name(self.folder.name + ".json")
        self.log = self.folder.with_name(self.folder.name + ".log")
        self._taught_by = self.folder.with_name(self.folder.name + ".teachers.json")
        self._given: Optional[str] = (run.config or {}).get(GIVEN_ARCHIVE)
        self._training = TrainingFolder(self.folder, run.config or {})
        # A store is already in the folder `knowledge`.
        self._mark = self.config if run.config is None else self.folder / FINISHED

    @property
    def is_finished(self) -> bool:
        """Whether there is an outcome, of the teachers and files that are there now."""
        is_whole = self.run.config is None or (self.folder / OUTCOMES).exists()
        return is_whole and self._mark.exists() and self._finished().get("of") == self._inputs()

    @property
    def state(self) -> str:
        """In words."""
        if self.is_finished:
            return "finished"
        return "to go on" if self._training.is_begun else "to do"

    @property
    def seconds(self) -> float:
        """How long a finished run took."""
        return float(self._finished()["costs"]["seconds"])

    @property
    def command(self) -> str:
        """What trains the same by hand."""
        by_hand = f"{self.folder}-by-hand"
        return f"OMP_NUM_THREADS=1 allennlp train {self.config} -s {by_hand} --include-package skd_plugin"

    @property
    def difference(self) -> str:
        """Where the config differs from that of a training which is begun or finished; empty if nowhere."""
        copy = self.folder / "config.json"
        is_begun = self._training.is_begun or self._mark.exists()
        if self.run.config is None or not is_begun or not copy.exists():
            return ""
        trained = json.loads(copy.read_text())
        return _difference(_without_folder(trained), _without_folder(self.run.config))

    def prepare(self) -> None:
        """Writes the config."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self.run.config is not None:
            self.config.write_text(json.dumps(self.run.config, indent=1) + "\n")

    def execute(self) -> None:
        """Does what is not done of the run."""
        inputs, start = self._inputs(), time.time()
        if self.run.config is None:
            _fill([str(self._beside(name)) for name in self.run.serves])
            self._finish(inputs, {"seconds": time.time() - start})
            return
        finished = self._finished() if self._mark.exists() else {}
        if finished.get("of", {}).get("teachers") != inputs["teachers"]:
            finished = {}
            self._train(inputs["teachers"])
        archive = load_archive(str(self.folder / ARCHIVE), _cuda_device())
        counts, examples = _evaluated(archive, self.run)
        arrays: Dict[str, Any] = {"/".join(key): value for key, value in counts.items()}
        np.savez(self.folder / OUTCOMES, **arrays)
        (self.folder / EXAMPLES).write_text(json.dumps(examples) + "\n")
        self._finish(inputs, finished.get("costs") or self._costs(archive.model))

    def outcome(self) -> Outcome:
        """What a finished run has left."""
        with np.load(self.folder / OUTCOMES) as arrays:
            counts = {tuple(name.split("/", 1)): arrays[name] for name in arrays.files}
        examples = json.loads((self.folder / EXAMPLES).read_text())
        return Outcome(counts, examples, self._finished()["costs"], self._training.curve())  # type: ignore[arg-type]

    # ---- parts

    def _train(self, teachers: List[Optional[str]]) -> None:
        """
        Goes on with a training if it has begun with the teachers that are there now, given as digests; else begins it.
        What is trained already is taken as it is.
        """
        if self._given is not None:
            _place(self._given, self.folder / ARCHIVE)
            return
        goes_on = self._training.is_begun and self._is_taught_by(teachers)
        if goes_on:  # maybe in another folder now
            (self.folder / "config.json").write_text(self.config.read_text())
        else:
            write_whole(self._taught_by, teachers)
        params = Params.from_file(str(self.config))
        train_model(params, str(self.folder), recover=goes_on, force=not goes_on)

    def _is_taught_by(self, teachers: List[Optional[str]]) -> bool:
        """Whether a training that is begun has these."""
        path = self._taught_by
        return path.exists() and json.loads(path.read_text()) == teachers

    def _inputs(self) -> Dict[str, Any]:
        """What the outcome depends on beside the config."""
        evaluation = {
            split: {language: [path, digest(path)] for language, path in paths.items()}
            for split, paths in self.run.evaluation.items()
        }
        students = {name: digest(str(self._beside(name))) for name in self.run.serves}
        archives = _archives(self.run.config)
        if self.run.config is None:
            archives = [
                str(self._beside(name).with_suffix("") / ARCHIVE) for name in self.run.needs
            ]
        teachers = [digest(path) for path in archives]
        encoding = self.run.label_encoding
        named = {"evaluation": evaluation, "label_encoding": encoding, "students": students}
        return {**named, "teachers": teachers}

    def _beside(self, name: str) -> Path:
        """The config of another run."""
        return self.config.parent.parent / f"{name}.json"

    def _finish(self, inputs: Dict[str, Any], costs: Dict[str, Any]) -> None:
        """Written last and as a whole: what has this file is not done again."""
        write_whole(self._mark, {"of": inputs, "costs": costs})
        for pattern in ("*_state_*.th", "unfinished-*"):  # the best one is in the archive
            for leftover in self.folder.glob(pattern):
                leftover.unlink()

    def _finished(self) -> Dict[str, Any]:
        return json.loads(self._mark.read_text())

    def _costs(self, model: torch.nn.Module) -> Dict[str, Any]:
        return {
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "archive_bytes": (self.folder / ARCHIVE).stat().st_size,
            **(_NO_TRAINING if self._given is not None else self._training.costs()),
        }


def _evaluated(archive: Archive, run: Run) -> Tuple[Counts, Examples]:
    if run.metric == P_AT_1:
        return evaluate_retrieval(archive, run.evaluation), []
    return evaluate(archive, run.evaluation, run.label_encoding)


def _place(given: str, archive: Path) -> None:
    """Puts an archive that is trained already where a training would have left it."""
    try:
        source = cached_path(given)
    except (FileNotFoundError, ValueError):
        raise ConfigurationError(
            f"{given}: no such teacher archive; train the teacher first, or correct the path"
        )
    archive.parent.mkdir(parents=True, exist_ok=True)
    if archive.exists():
        archive.unlink()
    hardlink_or_copy(source, str(archive))


def _difference(one: Any, other: Any, where: str = "") -> str:
    """Where two configs differ first; empty if nowhere."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in [*one, *other]:
            found = _difference(
                one.get(name), other.get(name), f"{where}.{name}" if where else name
            )
            if found:
                return found
        return ""
    return "" if one == other else f"{where}: {one!r}, now {other!r}"


def _archives(config: Optional[Dict[str, Any]]) -> List[str]:
    """Those that a config learns from: of teachers, and of encoders that are embedders."""
    if config and GIVEN_ARCHIVE in config:
        return [str(config[GIVEN_ARCHIVE])]
    if not config:
        return []
    model = config.get("model", {})
    teachers = model.get("teachers", {}).values() if learns_from_teachers(config) else ()
    found = [teacher for some in teachers for teacher in some]
    found += model.get("text_field_embedder", {}).get("token_embedders", {}).values()
    return [str(one[GIVEN_ARCHIVE]) for one in found if GIVEN_ARCHIVE in one]


def _without_folder(config: Any) -> Any:
    """A config in which the folder of the experiment, which may have moved, is left out of paths."""
    return json.loads(_IN_FOLDER.sub('"', json.dumps(config)))


def _cuda_device() -> int:
    return 0 if torch.cuda.is_available() else -1


def _fill(students: List[str]) -> None:
    """Goes on after a fault of one student's config: its own run will tell of it."""
    errors = []
    for student in students:
        try:
            fill(student)
        except ConfigurationError as error:
            traceback.print_exc()
            errors.append(error)
    if len(errors) == len(students):
        raise errors[0]
