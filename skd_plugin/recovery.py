"""
What a training needs so that one that goes on by `--recover` ends where one without interruption does.

AllenNLP reads the training data of the epochs before again, but not the validation data, which may draw from the same
random numbers; and it forgets the random numbers of dropout, the best model if the kill came between a checkpoint and
it, that it had run out of patience, the metrics if no epoch is left, and whose moving average it took.
"""

import json
import os
import random
import time
from typing import Any, Dict

import numpy
import torch
from allennlp.training import GradientDescentTrainer as Trainer

RECOVERY = "skd_plugin_recovery"
"""Where a checkpoint has the `updates` and `seconds` up to it, and what AllenNLP's own state of a training lacks."""


def repair() -> None:
    """Makes the trainer end in the same weights and metrics; again does nothing."""
    original_state, original_restore = (
        Trainer.get_checkpoint_state,
        Trainer._maybe_restore_checkpoint,
    )
    original_epoch, original_try = Trainer._train_epoch, Trainer._try_train
    original_validation = Trainer._validation_loss
    if getattr(original_state, "is_repaired", False):
        return

    def get_checkpoint_state(self: Any) -> Any:
        checkpoint = original_state(self)
        if checkpoint is not None:
            for name, state in checkpoint.trainer_state.items():
                checkpoint.trainer_state[name] = _plain(state)
            checkpoint.trainer_state[RECOVERY] = _recovery_state(self)
        return checkpoint

    def restore(self: Any) -> None:
        average = self._moving_average
        parameters = None if average is None else average._parameters
        original_restore(self)
        if average is not None:
            _reattach(average, parameters)
        checkpoint = self._checkpointer and self._checkpointer.load_checkpoint()
        self._recovery = checkpoint[1].get(RECOVERY) if checkpoint else None
        self._started = time.time() - (self._recovery["seconds"] if self._recovery else 0.0)
        if self._recovery:
            _recover_end(self)

    def train_epoch(self: Any, epoch: int) -> Any:
        if self._recovery and self._epochs_completed == self._start_after_epochs_completed:
            _set_random_state(self._recovery["random"], self.cuda_device)
        self._random_of_epoch = _random_state(self.cuda_device)
        return original_epoch(self, epoch)

    def validation_loss(self: Any, epoch: int) -> Any:
        if getattr(self.data_loader, "batches_per_epoch", None) is None:
            return original_validation(self, epoch)
        # A pass over the training data that goes on in later epochs may begin after some validations, which are not
        # done again when the data are read again.
        states: Any = random.getstate(), numpy.random.get_state()
        try:
            return original_validation(self, epoch)
        finally:
            random.setstate(states[0])
            numpy.random.set_state(states[1])

    def try_train(self: Any) -> Any:
        metrics, epoch = original_try(self)
        if self._recovery and "epoch" not in metrics:  # none was left
            path = os.path.join(self._serialization_dir, f"metrics_epoch_{epoch}.json")
            with open(path) as file:
                metrics = json.load(file)
        return metrics, epoch

    get_checkpoint_state.is_repaired = True  # type: ignore[attr-defined]
    setattr(Trainer, "get_checkpoint_state", get_checkpoint_state)  # noqa: B010
    setattr(Trainer, "_maybe_restore_checkpoint", restore)  # noqa: B010
    setattr(Trainer, "_train_epoch", train_epoch)  # noqa: B010
    setattr(Trainer, "_try_train", try_train)  # noqa: B010
    setattr(Trainer, "_validation_loss", validation_loss)  # noqa: B010


def _plain(state: Any) -> Any:
    """With Python's numbers for those of NumPy, which some schedulers leave and torch does not load again."""
    if isinstance(state, numpy.generic):
        return state.item()
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    if type(state) in (list, tuple):
        return type(state)(map(_plain, state))
    return state


def _recovery_state(trainer: Any) -> Dict[str, Any]:
    """Inside an epoch with the random numbers of its beginning, since its data are read again from there."""
    random_now = _random_state(trainer.cuda_device)
    if trainer._batches_in_epoch_completed:
        random_now = {**trainer._random_of_epoch, **_only_torch(random_now)}
    return {
        "updates": trainer._total_batches_completed,
        "seconds": time.time() - trainer._started,
        "random": random_now,
    }


def _recover_end(trainer: Any) -> None:
    """What AllenNLP does after it has written the checkpoint of a whole epoch, which the kill may have prevented."""
    tracker, average = trainer._metric_tracker, trainer._moving_average
    epochs = trainer._start_after_epochs_completed
    if not epochs or trainer._start_after_batches_in_epoch_completed:
        return
    if tracker.best_epoch == epochs - 1 and trainer._primary:
        trainer._best_model_filename = os.path.join(trainer._serialization_dir, "best.th")
        if average is not None:
            average.assign_average_value()
        trainer._save_model_state(trainer._best_model_filename)
        if average is not None:
            average.restore()
    if tracker.should_stop_early():
        trainer._num_epochs = epochs


def _reattach(average: Any, parameters: Any) -> None:
    """A restored moving average is one of copies of the parameters, on the CPU."""
    average._parameters = parameters
    for kept in (average._shadows, average._backups):
        for name, parameter in parameters:
            kept[name] = kept[name].to(parameter.device)


def _random_state(device: Any) -> Dict[str, Any]:
    """Of plain numbers and tensors, which torch loads without unpickling code."""
    numbers: Any = numpy.random.get_state()
    name, keys, *others = numbers
    state = {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), *others),
        "torch": torch.get_rng_state(),
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _only_torch(state: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in state.items() if name in ("torch", "cuda")}


def _set_random_state(state: Dict[str, Any], device: Any) -> None:
    random.setstate(state["python"])
    numpy.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"].cpu())
    if "cuda" in state and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
