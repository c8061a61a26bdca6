"""What trainings leave."""

import json

import pytest
import torch

from skd_plugin.experiments.training_folder import TrainingFolder
from tests.runs import metrics_of, train
from tests.training.phased import FOUR, interrupted, phase, phased


@pytest.fixture(scope="module")
def config(teachers):
    phases = [phase(*FOUR[1]), phase(*FOUR[-1], num_epochs=3)]
    return phased(teachers, phases)


def test_phases_are_counted_together(config, tmp_path):
    train(config, tmp_path / "run")
    folder = TrainingFolder(tmp_path / "run", config)
    costs = folder.costs()
    assert costs["epochs"] == 2 + 3 and costs["updates"] == 3 * (2 + 3)
    assert costs["max_epochs"] == 2 + 3
    assert costs["best_epoch"] == 2 + metrics_of(tmp_path / "run")["best_epoch"]
    seconds = [
        json.loads(path.read_text())["seconds"]
        for path in (tmp_path / "run").glob("phase-*/finished.json")
    ]
    assert costs["seconds"] == pytest.approx(sum(seconds)) and min(seconds) > 0
    curve = folder.curve()
    assert len(curve) == 5
    assert curve[-1] == metrics_of(tmp_path / "run")["validation_macro_f1"]


@pytest.mark.parametrize("update", [5, 9])
def test_interrupted_phases_are_begun(config, tmp_path, monkeypatch, update):
    interrupted(monkeypatch, update)
    folder = TrainingFolder(tmp_path / "run", config)
    assert not folder.is_begun
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run")
    assert folder.is_begun


def test_a_phase_that_stops_early(config, tmp_path):
    """What it could have had more is no lack of the last one."""
    first = config["trainer"]["phases"][0]
    stopped = {**first, "trainer": {**first["trainer"], "num_epochs": 9, "patience": 1}}
    stopped["trainer"]["optimizer"] = {"type": "sgd", "lr": 0.0}
    phases = [stopped, config["trainer"]["phases"][1]]
    config = {**config, "trainer": {**config["trainer"], "phases": phases}}
    train(config, tmp_path / "run")
    costs = TrainingFolder(tmp_path / "run", config).costs()
    assert costs["epochs"] == 2 + 3 and costs["max_epochs"] == 2 + 3


def test_last_checkpoint_has_the_costs(tmp_path):
    for name, updates in (("training_state_e1_b0.th", 4), ("training_state_e2_b0.th", 8)):
        state = {"skd_plugin_recovery": {"updates": updates, "seconds": 0.5}}
        torch.save(state, tmp_path / name)
    for epoch, best in ((0, 0), (1, 1), (10, 1)):
        path = tmp_path / f"metrics_epoch_{epoch}.json"
        path.write_text(json.dumps({"validation_loss": epoch, "best_epoch": best}))
    folder = TrainingFolder(tmp_path, {})
    assert folder.costs() == {
        "updates": 8, "seconds": 0.5, "epochs": 3, "best_epoch": 1, "max_epochs": 20
    }  # fmt: skip
    assert folder.curve() == [0.0, 1.0, 10.0]
