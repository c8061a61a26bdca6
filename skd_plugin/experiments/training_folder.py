"""What a training, of one phase or of several, has left in its folder."""

import json
from pathlib import Path
from typing import Any, Dict, List

import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.recovery import RECOVERY
from skd_plugin.training.configs import trainers_of

EPOCHS_OF_ALLENNLP = 20  # if a config does not say


class TrainingFolder:
    """
    A serialization directory.

    # Parameters

    path : `Path`
    config : `Dict[str, Any]`
        What was trained by.
    """

    def __init__(self, path: Path, config: Dict[str, Any]) -> None:
        self.path = path
        self.trainers = trainers_of(config)

    @property
    def is_begun(self) -> bool:
        """Whether there is something to go on from."""
        return any(self.path.rglob("model_state_*.th")) or any(self._phases())

    def curve(self) -> List[float]:
        """The validation metric after each epoch; of phases the one of the last."""
        names = self.trainers[-1].get("validation_metric", "-loss")
        name = names if isinstance(names, str) else names[0]
        key = f"validation_{name.lstrip('+-')}"
        epochs = [epoch for of_phase in self._epochs() for epoch in of_phase]
        return [float(epoch[key]) for epoch in epochs if key in epoch]

    def costs(self) -> Dict[str, Any]:
        """
        Of a finished training: seconds, epochs, updates, the best epoch, and how many epochs there could have been at
        most when the last phase began.
        """
        trained = [json.loads((path / "finished.json").read_text()) for path in self._phases()]
        *before, last = self._epochs()
        num_before = sum(map(len, before))
        return {
            **{
                name: sum(one[name] for one in trained or [self._last_checkpoint()])
                for name in ("seconds", "updates")
            },
            "epochs": num_before + len(last),
            "best_epoch": num_before + last[-1]["best_epoch"],
            "max_epochs": num_before + self.trainers[-1].get("num_epochs", EPOCHS_OF_ALLENNLP),
        }

    def _last_checkpoint(self) -> Dict[str, Any]:
        states = sorted(
            self.path.glob("training_state_*.th"), key=lambda path: path.stat().st_mtime
        )
        if not states:
            raise ConfigurationError(
                f"{self.path}: trainer.checkpointer: expected one that keeps the last epoch, found no checkpoint"
            )
        return torch.load(states[-1], map_location="cpu")[RECOVERY]  # type: ignore[no-any-return]

    def _phases(self) -> List[Path]:
        """The folders of finished phases, in order."""
        paths = [path.parent for path in self.path.glob("phase-*/finished.json")]
        return sorted(paths, key=lambda path: int(path.name.split("-")[1]))

    def _epochs(self) -> List[List[Dict[str, Any]]]:
        """The metrics after each epoch of each phase."""
        return [_epochs_of(folder) for folder in self._phases() or [self.path]]


def _epochs_of(folder: Path) -> List[Dict[str, Any]]:
    paths = folder.glob("metrics_epoch_*.json")
    ordered = sorted(paths, key=lambda path: int(path.stem.rsplit("_", 1)[1]))
    return [json.loads(path.read_text()) for path in ordered]
