"""How long the runs of an experiment may take."""

import contextlib
import copy
import io
import itertools
import json
import tempfile
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional

import torch
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment
from allennlp.nn.util import move_to_device
from allennlp.training import GradientDescentTrainer

from skd_plugin.experiments.checks import GIVEN_ARCHIVE, P_AT_1
from skd_plugin.experiments.execution import Workplace
from skd_plugin.experiments.experiment import Run
from skd_plugin.training.configs import phases_of

WARM_UP, TIMED = 2, 8  # batches


class Estimates:
    """
    The seconds that runs take, about, with all their epochs: as another seed's run of the same kind took, or by timing
    a few batches here. Runs that stop early take less, those that learn from teachers up to a fifth more.

    # Parameters

    folder : `str`
        Of the experiment.
    runs : `List[Run]`
        All of them.
    """

    def __init__(self, folder: str, runs: List[Run]) -> None:
        self._taken: Dict[Any, float] = {}
        self._timed: Dict[str, float] = {}
        for run in runs:
            workplace = Workplace(folder, run)
            if workplace.is_finished:
                self._taken[run.method, run.language] = workplace.seconds

    def __call__(self, run: Run) -> Optional[float]:
        """The seconds, about; `None` for asking teachers and for encoders where no other seed's run has done so."""
        taken = self._taken.get((run.method, run.language))
        if taken is not None or run.config is None or run.metric == P_AT_1:
            return taken
        if GIVEN_ARCHIVE in run.config:
            return 0.0
        config = _without_teachers(run.config)
        key = json.dumps({**config, **{name: 0 for name in config if name.endswith("_seed")}})
        if key not in self._timed:
            self._timed[key] = sum(map(_timed, _phases(config)))
        return self._timed[key]


def wall_seconds(seconds: Iterable[float], jobs: int) -> float:
    """How long runs take side by side: the longest, or all of them divided evenly."""
    each = list(seconds)
    return max(sum(each) / jobs, max(each, default=0.0))


def _without_teachers(config: Dict[str, Any]) -> Dict[str, Any]:
    """The same training from gold alone."""
    plain = copy.deepcopy(config)
    for name in ("teachers", "losses", "loss_reduction", "schedule"):
        plain["model"].pop(name, None)
    plain["trainer"].pop("callbacks", None)
    return plain


def _phases(config: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """The trainings of a config's phases as if each had all sentences and weights; else the config itself."""
    phases = phases_of(config)
    if not phases:
        yield config
    for phase in phases:
        plain = copy.deepcopy({**config, "trainer": phase.get("trainer") or {}})
        if phase.get("updates_per_epoch"):
            plain.setdefault("validation_data_loader", copy.deepcopy(config["data_loader"]))
            plain["data_loader"]["batches_per_epoch"] = phase["updates_per_epoch"]
        yield plain


def _timed(config: Dict[str, Any]) -> float:
    """The seconds of all epochs, from some batches of this config."""
    quiet = contextlib.redirect_stderr(io.StringIO())  # AllenNLP's progress bars
    with quiet, tempfile.TemporaryDirectory() as folder:
        params = Params(copy.deepcopy(config))
        prepare_environment(params)
        loop = TrainModel.from_params(params=params, serialization_dir=folder, local_rank=0)
    trainer = loop.trainer
    assert isinstance(trainer, GradientDescentTrainer)
    seconds = _seconds_of_batches(trainer, trainer.data_loader, training=True)
    if trainer._validation_data_loader is not None:
        with torch.no_grad():
            seconds += _seconds_of_batches(trainer, trainer._validation_data_loader, training=False)
    return seconds * trainer._num_epochs


def _seconds_of_batches(trainer: GradientDescentTrainer, loader: Any, training: bool) -> float:
    """Of one epoch."""
    trainer.model.train(training)
    num_timed, start = 0, time.perf_counter()
    for number, batch in enumerate(itertools.islice(loader, WARM_UP + TIMED)):
        if number == WARM_UP or number == 0:
            num_timed, start = 0, time.perf_counter()
        _step(trainer, move_to_device(batch, trainer.cuda_device), training)
        num_timed += 1
    return (time.perf_counter() - start) / max(num_timed, 1) * len(loader)


def _step(trainer: GradientDescentTrainer, batch: Any, training: bool) -> None:
    if "tags" in batch:
        batch["tags"].clamp_(min=0)  # an unlabelled sentence costs as much as a labelled one
    trainer.optimizer.zero_grad()
    outputs = trainer.batch_outputs(batch, for_training=training)
    if training:
        outputs["loss"].backward()
        trainer.rescale_gradients()
        trainer.optimizer.step()
    outputs["loss"].item()  # waits for a GPU
