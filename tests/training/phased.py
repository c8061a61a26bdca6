"""Small trainings of several phases."""

from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from skd_plugin.losses import Distillation
from tests.runs import student_config

FOUR = (
    [("representation", "unlabeled", [{"type": "hidden", "teacher_dim": 16}], [""])]
    + [
        (f"logits_{name}", "unlabeled", [{"type": "logits"}], patterns)
        for name, patterns in (
            ("head", ["tag_projection|crf"]),
            ("encoder", ["tag_projection|crf", "^encoder"]),
        )
    ]
    + [("labels", "labeled", [], [""])]
)


def phase(
    name: str, data: str, losses: List[Dict[str, Any]], parameters: List[str], **trainer: Any
) -> Dict[str, Any]:
    """Of two epochs of three updates."""
    metric = "-distillation_loss" if name == "representation" else "+macro_f1"
    return {
        "name": name,
        "data": data,
        "losses": losses,
        "parameters": parameters,
        "updates_per_epoch": 3,
        "trainer": {
            "optimizer": {"type": "adam", "lr": 0.01},
            "num_epochs": 2,
            "validation_metric": metric,
            **trainer,
        },
    }


def phased(
    teachers: Path, phases: Optional[List[Dict[str, Any]]] = None, **model: Any
) -> Dict[str, Any]:
    """The config of a student in phases."""
    config = student_config(teachers)
    for name in ("losses", "schedule"):
        config["model"].pop(name, None)
    config["model"].update(model)
    labeled = config["dataset_reader"]
    config["dataset_reader"] = {
        "type": "semi_supervised",
        "labeled": labeled,
        "unlabeled": {**labeled, "skip_sentences_per_file": 40},
    }
    config["train_data_path"] = {
        "labeled": config["train_data_path"],
        "unlabeled": config["train_data_path"],
    }
    config["data_loader"] = {"batch_size": 8, "shuffle": True}
    config["validation_data_loader"] = {"batch_size": 16}
    config["trainer"] = {
        "type": "phases",
        "callbacks": config["trainer"]["callbacks"],
        "phases": phases or [phase(*one) for one in FOUR],
        "cuda_device": -1,
    }
    return config


def interrupted(monkeypatch: pytest.MonkeyPatch, update: int) -> None:
    """Trainings stop before they have counted so many updates, over all phases."""
    advance, count = Distillation.advance, [0]

    def stop(self: Any, progress: Any) -> None:
        if progress.batch:
            count[0] += 1
        if count[0] == update:
            raise KeyboardInterrupt
        advance(self, progress)

    monkeypatch.setattr(Distillation, "advance", stop)
