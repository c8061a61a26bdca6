"""Nothing leaks from one phase into the next, nor from before an interruption to after it."""

import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.training import GradientDescentTrainer

from tests.runs import train
from tests.training.phased import FOUR, interrupted, phase, phased

BUCKET = {"batch_sampler": {"type": "bucket", "batch_size": 16, "sorting_keys": ["tokens"]}}
ON_TEXT = ("logits", "unlabeled", [{"type": "logits"}], [""])
LABELS = ("labels", "labeled", [], [""])


def assert_resumed_is_the_same(config, folder, monkeypatch, update):
    """As a training that was never interrupted."""
    train(config, folder / "once")
    with monkeypatch.context() as patch:
        interrupted(patch, update)
        with pytest.raises(KeyboardInterrupt):
            train(config, folder / "run")
    train(config, folder / "run", recover=True)
    once, resumed = (torch.load(folder / name / "best.th") for name in ("once", "run"))
    assert all(torch.equal(weights, resumed[name]) for name, weights in once.items())


def test_passes_that_begin_after_a_validation_which_draws(teachers, tmp_path, monkeypatch):
    """An epoch of three updates is no pass over the text, and `bucket` draws random numbers, if in vain."""
    config = phased(teachers, [phase(*ON_TEXT, num_epochs=6, validation_metric="+loss")])
    sampler = {"type": "smoothed_languages", "batch_size": 10, "padding_noise": 0.1}
    config["data_loader"] = {"batch_sampler": sampler}
    config["validation_data_loader"] = {
        "batch_sampler": {**BUCKET["batch_sampler"], "shuffle": False}
    }
    config["model"]["dropout"] = 0.2
    assert_resumed_is_the_same(config, tmp_path, monkeypatch, 11)


@pytest.mark.parametrize(
    "more",
    [
        {"learning_rate_scheduler": {"type": "cosine", "t_initial": 1, "t_mul": 2}},
        {"learning_rate_scheduler": {"type": "polynomial_decay"}},
        {"moving_average": {"type": "exponential", "decay": 0.5}},
    ],
)
def test_schedules_go_on(teachers, tmp_path, monkeypatch, more):
    config = phased(teachers, [phase(*LABELS, num_epochs=4, **more)])
    assert_resumed_is_the_same(config, tmp_path, monkeypatch, 11)


def test_where_a_phase_stops_reading_is_not_where_the_next_begins(teachers, tmp_path, monkeypatch):
    phases = [phase(name, "all", *ON_TEXT[2:]) for name in ("one", "two")]
    for one in phases:
        del one["updates_per_epoch"]
    config = phased(teachers, phases)
    config["data_loader"]["batches_per_epoch"] = 3
    assert_resumed_is_the_same(config, tmp_path, monkeypatch, 8)


def test_weights_that_a_phase_freezes_itself_are_trained_later(teachers, tmp_path, monkeypatch):
    phases = [phase(*LABELS, no_grad=["^text_field_embedder"]), phase("more", *LABELS[1:])]
    config = phased(teachers, phases)
    assert_resumed_is_the_same(config, tmp_path, monkeypatch, 8)
    trained = []
    original = GradientDescentTrainer.train

    def look(self):
        trained.append({name for name, one in self.model.named_parameters() if one.requires_grad})
        return original(self)

    monkeypatch.setattr(GradientDescentTrainer, "train", look)
    train(config, tmp_path / "again")
    first, second = trained
    assert {name.split(".")[0] for name in second - first} == {"text_field_embedder"}


def test_gradients_of_an_earlier_phase_are_gone(teachers, tmp_path, monkeypatch):
    """They would count when gradients are clipped."""
    phases = [phase(*LABELS), phase("more", "labeled", [], ["^tag_projection|^crf"])]
    seen = []
    original = GradientDescentTrainer.rescale_gradients

    def look(self):
        seen.append({name for name, one in self.model.named_parameters() if one.grad is not None})
        return original(self)

    monkeypatch.setattr(GradientDescentTrainer, "rescale_gradients", look)
    train(phased(teachers, phases), tmp_path / "run")
    assert {name.split(".")[0] for name in seen[-1]} == {"tag_projection_layer", "crf"}


def test_a_language_may_be_in_one_part_alone(teachers, tmp_path, taught):
    """Its teachers are asked where it is."""
    joint = phase("joint", "all", *ON_TEXT[2:])
    config = phased(teachers, [phase(*ON_TEXT), joint])
    paths = config["train_data_path"]
    paths["unlabeled"] = {"en": paths["unlabeled"]["en"]}
    train(config, tmp_path / "run")
    assert sum(taught) == 40 + (40 + 40)  # unlabelled English; then labelled English and Russian


def test_a_taught_language_that_is_nowhere(teachers, tmp_path):
    config = phased(teachers, [phase(*ON_TEXT)])
    for paths in config["train_data_path"].values():
        paths.pop("ru", None)
    with pytest.raises(ConfigurationError, match='"ru" has teachers but no training sentence'):
        train(config, tmp_path / "run")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"parameters": ["^nothing"]}, 'phase "last": parameters: "^nothing" fits no weight'),
        ({"data": "unlabeled"}, 'data "unlabeled": no sentence of the training data is so'),
    ],
)
def test_faults_of_the_last_phase_are_found_before_the_first(teachers, tmp_path, change, message):
    config = phased(teachers, [phase(*LABELS), {**phase("last", *LABELS[1:]), **change}])
    del config["train_data_path"]["unlabeled"]
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        train(config, tmp_path / "run")
    assert not list((tmp_path / "run").glob("phase-*"))


def test_losses_without_teachers(teachers, tmp_path):
    config = phased(teachers, [phase(*ON_TEXT)])
    del config["model"]["teachers"]
    message = "trainer phases: there are losses, but the model has no teachers to learn from"
    with pytest.raises(ConfigurationError, match=message):
        train(config, tmp_path / "run")


def test_no_parameters(teachers, tmp_path):
    config = phased(teachers, [phase(*FOUR[-1][:3], [])])
    message = 'phase "labels": parameters: expected some regular expressions, got none'
    with pytest.raises(ConfigurationError, match=message):
        train(config, tmp_path / "run")
