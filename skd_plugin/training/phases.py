"""A training of several phases."""

import logging
import random
import time
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, TypeVar, Union

import numpy
import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader
from allennlp.models import Model
from allennlp.nn.parallel import DdpAccelerator
from allennlp.training import Trainer, TrainerCallback

from skd_plugin.callbacks.questions import check_languages
from skd_plugin.knowledge import KnowledgeRequest
from skd_plugin.losses import Distillation
from skd_plugin.models import DistilledTagger
from skd_plugin.teachers import Processes
from skd_plugin.training.phase import Phase
from skd_plugin.training.phase_folder import PhaseFolder
from skd_plugin.training.selected_sentences import selected

logger = logging.getLogger(__name__)

T = TypeVar("T")


@Trainer.register("phases")
class PhasesTrainer(Trainer):
    """
    Trains a student in phases, each of which says what is learnt, from which sentences and by which weights: the stages
    of XtremeDistil (Mukherjee and Hassan Awadallah, ACL 2020), and any others.

    Each phase is a training of its own, in a folder of its own (`phase-1-<name>`): it begins with the weights that
    were best in the one before, and with an optimizer and random numbers of its own. The teachers are asked once, in
    the first phase that has a sentence, for all that any phase needs of it. `--recover` goes on in the middle of
    whichever phase was interrupted.

    The metrics are those of the last phase, and beside them the best ones of each, after its name.

    In distributed training, weights that a phase's losses do not reach, as the transitions of a CRF by `logits`, want
    `"ddp_accelerator": {"type": "torch", "find_unused_parameters": true}`. Nodes with folders of their own go on by
    `--recover` from what each has saved, which is not the same if one was killed while they were saving.

    # Parameters

    phases : `List[Phase]`
        They say what is learnt: the `losses` and `schedule` of the model are not used.
    callbacks : `List[TrainerCallback]`, optional (default = none)
        Of all phases, such as `cache_teacher_knowledge`; those of one phase are in its `trainer`.
    **kwargs
        `cuda_device` and, from `allennlp train`, the rest.
    """

    def __init__(
        self,
        model: Model,
        serialization_dir: str,
        data_loader: DataLoader,
        phases: List[Phase],
        validation_data_loader: Optional[DataLoader] = None,
        callbacks: Optional[List[Lazy[TrainerCallback]]] = None,
        cuda_device: Optional[Union[int, torch.device]] = None,
        distributed: bool = False,
        local_rank: int = 0,
        world_size: int = 1,
        ddp_accelerator: Optional[DdpAccelerator] = None,
    ) -> None:
        super().__init__(serialization_dir, cuda_device, distributed, local_rank, world_size)
        if not isinstance(model, DistilledTagger):
            raise ConfigurationError(
                f"trainer phases: expected a distilled_crf_tagger or a distilled_tagger, got {type(model).__name__}"
            )
        _check_names(phases)
        self.model: DistilledTagger = model
        self._root = Path(serialization_dir)
        self._data_loader = data_loader
        self._validation_data_loader = validation_data_loader
        self._phases = phases
        self._callbacks = [
            callback.construct(serialization_dir=serialization_dir) for callback in callbacks or []
        ]
        self._ddp_accelerator = ddp_accelerator
        self._teachers = model.distillation.teachers
        self._seed = torch.initial_seed() % 2**31

    def train(self) -> Dict[str, Any]:
        """Returns the metrics."""
        self._check()
        metrics: Dict[str, Any] = {}
        before: Optional[PhaseFolder] = None
        for number, phase in enumerate(self._phases):
            folder = self._folder(number)
            if not all(_everywhere(folder.is_finished)):
                self._begin(number, before)
                self._train_phase(number, folder)
            found = folder.found()
            metrics.update(_named(phase.name, found))
            if self._primary:
                folder.forget_checkpoints()
                if before is not None:
                    before.forget_weights()
            before = folder
        assert before is not None
        self.model.learn_by(Distillation())
        self.model.load_state_dict(before.weights())
        if self._primary:
            torch.save(self.model.state_dict(), self._root / "best.th")
        return {**found["metrics"], **metrics}

    def _begin(self, number: int, before: Optional[PhaseFolder]) -> None:
        """Sets the weights, the random numbers and what is learnt."""
        phase, seed = self._phases[number], self._seed + number
        logger.info("Phase %d of %d: %s", number + 1, len(self._phases), phase.name)
        random.seed(seed)
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        self.model.learn_by(Distillation())
        if before is not None:
            self.model.load_state_dict(before.weights())
        if phase.losses:
            later = [loss.request for other in self._phases[number + 1 :] for loss in other.losses]
            present = _languages(self._part(phase))
            distillation = Distillation(
                {name: some for name, some in self._teachers.items() if name in present},
                phase.losses,
                phase.loss_reduction,
                phase.schedule,
                reduce(or_, later, KnowledgeRequest()),
            )
            self.model.learn_by(distillation)

    def _train_phase(self, number: int, folder: PhaseFolder) -> None:
        phase = self._phases[number]
        with phase.trained(self.model):
            trainer: Any = phase.trainer.construct(
                model=self.model,
                serialization_dir=str(folder.path),
                data_loader=self._part(phase),
                validation_data_loader=self._validation_data_loader,
                cuda_device=-1 if self.cuda_device.type == "cpu" else self.cuda_device.index,
                distributed=self._distributed,
                local_rank=self._rank,
                world_size=self._world_size,
                ddp_accelerator=self._ddp_accelerator,
            )
            trainer._callbacks = [*self._callbacks, *trainer._callbacks]
            metrics = trainer.train()
        self.model.learn_by(Distillation())
        if self._primary:
            found = {
                "metrics": metrics,
                "epochs": trainer._epochs_completed,
                "updates": trainer._total_batches_completed,
                "seconds": time.time() - trainer._started,
            }
            folder.finish(self.model.state_dict(), found)
        if self._distributed:
            torch.distributed.barrier()

    def _check(self) -> None:
        """Finds before the first phase what would be wrong with the last."""
        if any(phase.losses for phase in self._phases):
            if not self._teachers:
                raise ConfigurationError(
                    "trainer phases: there are losses, but the model has no teachers to learn from"
                )
            check_languages(set(self._teachers), _languages(self._data_loader))
        for phase in self._phases:
            phase.check(self.model)
            self._part(phase)

    def _part(self, phase: Phase) -> DataLoader:
        """Its sentences."""
        return selected(self._data_loader, phase.data, phase.updates_per_epoch)

    def _folder(self, number: int) -> PhaseFolder:
        name = f"phase-{number + 1}-{self._phases[number].name}"
        return PhaseFolder(self._root / name)


def _languages(data_loader: DataLoader) -> Set[str]:
    """Those of the sentences, also of other processes."""
    found = {
        instance.fields["metadata"].metadata.get("language", "und")  # type: ignore[attr-defined]
        for instance in data_loader.iter_instances()
    }
    return set().union(*_everywhere(found))


def _everywhere(value: T) -> List[T]:
    """The value of each process, in order of ranks; all must call it."""
    processes = Processes()
    values = processes.gather(value)
    processes.close()
    return values


def _named(phase: str, found: Dict[str, Any]) -> Dict[str, Any]:
    """What there is to say of a finished phase, after its name."""
    best = {name: value for name, value in found["metrics"].items() if name.startswith("best_")}
    counts = {name: found[name] for name in ("epochs", "updates")}
    return {f"{phase}_{name}": value for name, value in {**best, **counts}.items()}


def _check_names(phases: List[Phase]) -> None:
    names = [phase.name for phase in phases]
    if not names:
        raise ConfigurationError("trainer phases: expected at least one phase")
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f'trainer phases: two are called "{name}"; each needs a name of its own'
            )
