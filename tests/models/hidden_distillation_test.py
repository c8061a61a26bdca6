"""Students that learn from hidden states and logits."""

import json
import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.losses import Distillation
from skd_plugin.teachers import ArchiveTeacher
from tests.runs import LANGUAGES, metrics_of, student_config, tagger_config, train

LOSSES = [
    {"type": "hidden", "teacher_dim": 16},
    {"type": "hidden", "layer": 0, "distance": "cosine", "teacher_dim": 12, "activation": "linear"},
    {"type": "logits"},
    {"type": "posterior"},
]


@pytest.fixture(scope="module")
def run(teachers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hidden") / "run"
    train(student_config(teachers, LOSSES), folder)
    return folder


def test_archive_is_without_what_losses_learnt(run):
    model = load_archive(run / "model.tar.gz").model
    assert not len(model.loss_projections)
    assert not [name for name in model.state_dict() if name.startswith("loss_projections")]
    trained = torch.load(run / "best.th", map_location="cpu")
    projections = {
        name: tuple(weights.shape)
        for name, weights in trained.items()
        if name.startswith("loss_projections")
    }
    assert projections == {
        "loss_projections.0.weight": (16, 16),
        "loss_projections.0.bias": (16,),
        "loss_projections.1.weight": (12, 16),
        "loss_projections.1.bias": (12,),
    }


def test_projections_learn(run):
    first, second = (torch.load(run / f"model_state_e{epoch}_b0.th") for epoch in (1, 2))
    for name in ("loss_projections.0.weight", "loss_projections.1.bias"):
        assert not torch.equal(first[name], second[name])


def test_resumed_training_ends_in_the_same_weights(teachers, run, tmp_path, monkeypatch):
    advance = Distillation.advance

    def interrupt(self, progress):
        if progress.epoch == 1 and progress.batch == 1:
            raise KeyboardInterrupt
        advance(self, progress)

    config = student_config(teachers, LOSSES)
    with monkeypatch.context() as patch:
        patch.setattr(Distillation, "advance", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "run")
    train(config, tmp_path / "run", recover=True)
    once, resumed = (
        torch.load(folder / "model_state_e2_b0.th") for folder in (run, tmp_path / "run")
    )
    assert once.keys() == resumed.keys()
    assert all(torch.equal(weights, resumed[name]) for name, weights in once.items())


def test_hidden_states_come_nearer(teachers, tmp_path):
    """With nothing else to learn, the loss falls."""
    config = student_config(
        teachers, [{"type": "hidden", "teacher_dim": 16, "activation": "linear"}]
    )
    config["model"]["schedule"] = {"type": "constant", "weight": 1.0}
    config["trainer"].update({"num_epochs": 8, "validation_metric": "+macro_f1"})
    train(config, tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    first = json.loads((tmp_path / "run" / "metrics_epoch_0.json").read_text())
    assert metrics["training_loss"] < 0.7 * first["training_loss"]


def test_states_of_archives(teachers):
    teacher = ArchiveTeacher(str(teachers / LANGUAGES[0] / "model.tar.gz"))
    teacher.load(torch.device("cpu"))
    words = [["Anna", "moved"], ["It"]]
    chain, hidden = teacher.answer(words, [0, 1, -1, -2])
    assert {layer: tuple(states.shape) for layer, states in hidden.items()} == {
        0: (2, 2, 12),
        1: (2, 2, 16),
        -1: (2, 2, 16),
        -2: (2, 2, 12),
    }
    model = teacher._model
    logits = model.tag_projection_layer(hidden[-1])
    torch.testing.assert_close(logits[chain.mask], chain.emissions[chain.mask])
    assert hidden[-1].equal(hidden[1]) and hidden[0].equal(hidden[-2])
    assert not any(module._forward_hooks for module in model.modules())
    message = re.escape(
        "no layer 2 of hidden states; a DistilledCrfTagger has 0, the embedded words, and 1 or -1, what its encoder "
        "makes of them"
    )
    with pytest.raises(ConfigurationError, match=message):
        teacher.answer(words, [2])


def test_a_mixture_has_no_hidden_states(teachers, tmp_path):
    config = student_config(teachers, [{"type": "hidden", "teacher_dim": 16}])
    archives = config["model"]["teachers"]["en"]
    other = {"archive_file": str(teachers / "ru" / "model.tar.gz")}
    config["model"]["teachers"]["en"] = [*archives, other]
    message = "hidden states were asked for, and a language has 2 teachers"
    with pytest.raises(ConfigurationError, match=message):
        train(config, tmp_path / "run")


def test_a_teacher_without_layers(tmp_path):
    from tests.teachers.ensemble_test import LENGTHS, FakeTeacher

    teacher = FakeTeacher(["O"], 1)
    message = "FakeTeacher: a teacher of type FakeTeacher gives no hidden states"
    with pytest.raises(ConfigurationError, match=message):
        teacher.answer([["word"] * length for length in LENGTHS], [0])


def test_teachers_of_a_plain_tagger_teach_nothing(tmp_path):
    """Losses without teachers have no weights."""
    config = tagger_config(["en"], losses=[{"type": "hidden", "teacher_dim": 16}])
    model = train(config, tmp_path / "run")
    assert not len(model.loss_projections)
