"""Where a phase keeps what it has found."""

import json
from pathlib import Path
from typing import Any, Dict

import torch

from skd_plugin.whole_files import write_whole

FINISHED = "finished.json"
WEIGHTS = "finished.th"


class PhaseFolder:
    """
    The serialization directory of a phase. When it is done, its best weights are in `finished.th`, and `finished.json`,
    written last, has what there is to know of it.

    # Parameters

    path : `Path`
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_finished(self) -> bool:
        """Whether it is done."""
        return (self.path / FINISHED).exists()

    def finish(self, weights: Dict[str, torch.Tensor], found: Dict[str, Any]) -> None:
        """Keeps the weights and what was found."""
        unfinished = self.path / f"unfinished-{WEIGHTS}"
        torch.save(weights, unfinished)
        unfinished.replace(self.path / WEIGHTS)
        write_whole(self.path / FINISHED, found)

    def forget_checkpoints(self) -> None:
        """Removes them, and `best.th`; only when all processes have finished the phase."""
        for pattern in ("model_state_*.th", "training_state_*.th", "best.th", "unfinished-*"):
            for path in self.path.glob(pattern):
                path.unlink()

    def weights(self) -> Dict[str, torch.Tensor]:
        """Of a finished phase that is the last one."""
        return torch.load(self.path / WEIGHTS, map_location="cpu")  # type: ignore[no-any-return]

    def forget_weights(self) -> None:
        """When a later phase has better ones."""
        path = self.path / WEIGHTS
        if path.exists():
            path.unlink()

    def found(self) -> Dict[str, Any]:
        """Of a finished phase."""
        return json.loads((self.path / FINISHED).read_text())  # type: ignore[no-any-return]
