"""What a training config says of teachers."""

import copy
import functools
import itertools
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.plugins import import_plugins
from allennlp.common.util import int_to_device
from allennlp.data import DatasetReader, Instance
from allennlp.training import TrainerCallback

from skd_plugin.callbacks import CacheTeacherKnowledge
from skd_plugin.callbacks.questions import training_questions
from skd_plugin.knowledge import KnowledgeRequest
from skd_plugin.knowledge.hidden_states import in_words
from skd_plugin.losses import Distillation, DistillationLoss
from skd_plugin.teachers import Ensemble, Processes, Question, Teacher
from skd_plugin.training.configs import phases_of, trainers_of
from skd_plugin.training.selected_sentences import CHOICES


class TaughtTraining:
    """
    The teachers and sentences of a training, without the student.

    # Parameters

    path : `str`
        The training config.
    overrides : `str`, optional (default = `""`)
        As of `allennlp train`.

    # Raises

    `ConfigurationError` if there is no such config, or nobody or nothing to ask.
    """

    def __init__(self, path: str, overrides: str = "") -> None:
        _import_plugins()
        self._path = path
        self._content = _read(path, overrides)
        model = self._content.get("model") or {}
        of_languages = model.get("teachers")
        if not of_languages or not isinstance(of_languages, dict):
            raise ConfigurationError(
                f"{path}: model.teachers has nobody to ask; expected {{language: [teacher, ...]}}"
            )
        self.teachers: Dict[str, List[Teacher]] = {
            language: [Teacher.from_params(_params(one)) for one in some]
            for language, some in of_languages.items()
        }
        losses = [DistillationLoss.from_params(_params(one)) for one in self._losses()]
        self.request: KnowledgeRequest = Distillation(self.teachers, losses).request
        self.ensembles = {language: Ensemble(some) for language, some in self.teachers.items()}

    def callback(self, serialization_dir: str) -> CacheTeacherKnowledge:
        """The one that would fill the store; an error if there is none."""
        available = TrainerCallback.list_available()
        for one in (self._content.get("trainer") or {}).get("callbacks") or []:
            name = one if isinstance(one, str) else one.get("type")
            found = TrainerCallback.by_name(name) if name in available else None
            if isinstance(found, type) and issubclass(found, CacheTeacherKnowledge):
                return TrainerCallback.from_params(  # type: ignore[return-value]
                    _params(one), serialization_dir=serialization_dir
                )
        raise ConfigurationError(
            f"{self._path}: trainer.callbacks has no cache_teacher_knowledge: the training would not read what is "
            'built; add {"type": "cache_teacher_knowledge"}'
        )

    def questions(self) -> Iterator[Question]:
        """
        The training sentences that somebody teaches, one after another as they are read, and the validation sentences
        if the training looks at what the teachers know of them.
        """
        chosen = self._chosen()
        training = _read_data(self._required("dataset_reader"), self._required("train_data_path"))
        if chosen:
            training = (one for one in training if any(choice(one) for choice in chosen))
        validation: Iterable[Instance] = ()
        if any(_looks_at_losses(trainer) for trainer in trainers_of(self._content)):
            reader = self._content.get("validation_dataset_reader") or self._required(
                "dataset_reader"
            )
            validation = _read_data(reader, self._required("validation_data_path"))
        instances = itertools.chain(training, validation)
        yield from training_questions(instances, set(self.ensembles), Processes(), not chosen)

    def _chosen(self) -> List[Callable[[Instance], bool]]:
        """Which sentences are those of each phase that learns from teachers; none if there are no phases."""
        return [
            CHOICES[one.get("data", "all")] for one in phases_of(self._content) if one.get("losses")
        ]

    def fingerprints(self) -> Dict[str, str]:
        """The source of each language; reads the archives of the teachers."""
        return {language: ensemble.fingerprint for language, ensemble in self.ensembles.items()}

    def _losses(self) -> List[Any]:
        """Those of the model, or of all phases."""
        phases = phases_of(self._content)
        if not phases:
            return (self._content.get("model") or {}).get("losses") or []
        return [loss for phase in phases for loss in phase.get("losses") or []]

    def _required(self, name: str) -> Any:
        if not self._content.get(name):
            raise ConfigurationError(f"{self._path}: expected {name}, and found none")
        return self._content[name]


@functools.lru_cache(maxsize=None)
def _import_plugins() -> None:
    import_plugins()


def device_of(number: Optional[int]) -> torch.device:
    """The device of a number, or without one the first GPU, else the CPU."""
    if number is None:
        number = 0 if torch.cuda.is_available() else -1
    if number >= 0 and number >= torch.cuda.device_count():
        raise ConfigurationError(
            f"--cuda-device {number}: expected -1, for the CPU, or the number of a GPU below "
            f"{torch.cuda.device_count()}, which is how many there are"
        )
    return int_to_device(number)


def describe(request: KnowledgeRequest) -> str:
    """A request in words."""
    names = sorted(map(in_words, request.fields))
    return ", ".join(
        f"the {request.num_paths} best paths" if name == "paths" else name for name in names
    )


def _read_data(reader: Any, path: Any) -> Iterable[Instance]:
    return DatasetReader.from_params(_params(reader)).read(path)


def _looks_at_losses(trainer: Dict[str, Any]) -> bool:
    metric = trainer.get("validation_metric") or ""
    names = [metric] if isinstance(metric, str) else metric
    return any(name.lstrip("+-") == "distillation_loss" for name in names)


def _params(content: Any) -> Params:
    """What `from_params` takes of a part of a config; a name alone is a type."""
    return Params({"type": content} if isinstance(content, str) else copy.deepcopy(content))


def _read(path: str, overrides: str) -> Dict[str, Any]:
    try:
        return Params.from_file(path, overrides).as_dict(quiet=True)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such config")
    except (RuntimeError, ValueError) as error:  # of jsonnet, and of overrides that fit nothing
        raise ConfigurationError(f"{path}: {str(error).strip()}")
