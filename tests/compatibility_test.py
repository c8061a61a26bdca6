"""The repairs of AllenNLP have their effect."""

import json
import os
import subprocess
import sys

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import PretrainedTransformerTokenizer
from allennlp.models import load_archive
from allennlp.training import Checkpointer
from allennlp.training.learning_rate_schedulers import LearningRateScheduler
from allennlp.training.optimizers import Optimizer

from skd_plugin import compatibility
from skd_plugin.recovery import RECOVERY
from tests.runs import metrics_of, student_config, tagger_config, train

SCHEDULERS = {
    "constant": {},
    "constant_with_warmup": {"num_warmup_steps": 1},
    "cosine": {"t_initial": 2},
    "cosine_with_warmup": {"num_warmup_steps": 1, "num_training_steps": 5},
    "cosine_hard_restarts_with_warmup": {"num_warmup_steps": 1, "num_training_steps": 5},
    "exponential": {"gamma": 0.9},
    "linear_with_warmup": {"warmup_steps": 1, "num_epochs": 2, "num_steps_per_epoch": 2},
    "multi_step": {"milestones": [1]},
    "noam": {"model_size": 4, "warmup_steps": 1},
    "polynomial_decay": {"num_epochs": 2, "num_steps_per_epoch": 2},
    "reduce_on_plateau": {},
    "slanted_triangular": {"num_epochs": 2, "num_steps_per_epoch": 2},
    "step": {"step_size": 1},
}


def build_scheduler(optimizer, **parameters):
    return LearningRateScheduler.from_params(Params(parameters), optimizer=optimizer)


def build_optimizer(lr=1.0):
    return torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), lr=lr)


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_schedulers(name, tmp_path):
    scheduler = build_scheduler(build_optimizer(), type=name, **SCHEDULERS[name])
    torch.save(scheduler.state_dict(), tmp_path / "state")
    scheduler.step_batch(1)
    scheduler.step(0.5)
    scheduler.load_state_dict(torch.load(tmp_path / "state"))


def test_every_scheduler_is_tested():
    assert set(SCHEDULERS) | {"combined"} == set(LearningRateScheduler.list_available())


def test_reduce_on_plateau_halves():
    optimizer = build_optimizer()
    scheduler = build_scheduler(
        optimizer, type="reduce_on_plateau", factor=0.5, patience=0, mode="max"
    )
    rates = []
    for metric in (0.5, 0.5, 0.6, 0.1):
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 0.5, 0.5, 0.25]
    with pytest.raises(ConfigurationError, match="requires a validation metric"):
        scheduler.step(None)


@pytest.mark.parametrize("name", sorted(set(Optimizer.list_available()) - {"multi"}))
def test_optimizers(name):
    embedding = torch.nn.Embedding(2, 2, sparse="sparse" in name)
    parameters = {"type": name, **({"lr": 0.1} if name == "sgd" else {})}
    optimizer = Optimizer.from_params(
        Params(parameters), model_parameters=list(embedding.named_parameters())
    )
    before = embedding.weight.detach().clone()
    embedding(torch.tensor([0])).sum().backward()
    optimizer.step()
    assert not torch.equal(before[0], embedding.weight[0])


def test_tokenizer_of_a_transformer(tiny_transformer):
    tokenizer = PretrainedTransformerTokenizer(str(tiny_transformer))
    assert [token.text for token in tokenizer.tokenize("anna")] == [
        "[CLS]",
        "a",
        "##n",
        "##n",
        "##a",
        "[SEP]",
    ]


def test_a_checkpoint_is_whole_or_not_there(tmp_path, monkeypatch):
    def fail(value, path):
        with open(path, "w") as file:
            file.write("half a checkpoint")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(KeyboardInterrupt):
        train(tagger_config(["en"]), tmp_path / "run")
    assert not list((tmp_path / "run").glob("*_state_*"))
    monkeypatch.undo()
    train(tagger_config(["en"]), tmp_path / "run", recover=True)
    assert metrics_of(tmp_path / "run")["epoch"] == 1


class Killed(BaseException):
    """Nobody catches it."""


def kill_after(monkeypatch, place, number=1):
    """Ends the training the n-th time that it has written a checkpoint ("checkpoint"), or one of its two files."""
    done = []

    def count():
        done.append(place)
        if len(done) == number:
            raise Killed

    if place == "checkpoint":
        save = Checkpointer.save_checkpoint

        def save_checkpoint(self, trainer):
            save(self, trainer)
            count()

        monkeypatch.setattr(Checkpointer, "save_checkpoint", save_checkpoint)
    else:
        replace = os.replace

        def replace_and_count(source, target):
            replace(source, target)
            if os.path.basename(target).startswith(place):
                count()

        monkeypatch.setattr(os, "replace", replace_and_count)


def killed(monkeypatch, config, folder, place="checkpoint", number=1, recover=False):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_after(patch, place, number)
        train(config, folder, recover=recover)


def all_metrics(folder):
    """By file, those of each epoch and of the end, without time and memory."""
    return {
        path.name: {
            name: value
            for name, value in json.loads(path.read_text()).items()
            if "memory" not in name and "duration" not in name
        }
        for path in folder.glob("metrics*.json")
    }


def assert_same_training(one, other):
    """The same metrics after each epoch and at the end, and the same weights in the archive."""
    assert all_metrics(one) == all_metrics(other)
    weights = [
        load_archive(str(folder / "model.tar.gz")).model.state_dict() for folder in (one, other)
    ]
    assert weights[0].keys() == weights[1].keys()
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name


def recovered_config(data_loader, **trainer):
    """Of a tagger whose training draws from all random numbers: those of data, of dropout, and of word dropout."""
    config = tagger_config(["en", "ru"], dropout=0.5, word_dropout=0.1)
    config["dataset_reader"]["max_sentences_per_file"] = 16
    config["data_loader"] = {"batch_size": 8, "shuffle": True}  # of the validation data, too
    if data_loader:
        config["validation_data_loader"] = {"batch_size": 8}
        config["data_loader"] = {"batch_sampler": {"batch_size": 8, **data_loader}}
    config["trainer"].update({"num_epochs": 3, "validation_metric": "-loss", **trainer})
    return config


RECOVERED = {
    "plain shuffle": recovered_config({}),
    "bucket": recovered_config(
        {"type": "bucket", "padding_noise": 0.5},
        learning_rate_scheduler={"type": "reduce_on_plateau", "patience": 0},
    ),
    "smoothed languages": recovered_config(
        {"type": "smoothed_languages", "exponent": 0.5}, num_gradient_accumulation_steps=2
    ),
    "moving average": recovered_config({}, moving_average={"type": "exponential", "decay": 0.5}),
    # The less F1, the better: nothing is better than the first epoch.
    "early stopping": recovered_config({}, validation_metric="-macro_f1", patience=2, num_epochs=6),
}


@pytest.mark.parametrize("name", list(RECOVERED))
def test_recovery_after_every_epoch(name, tmp_path, monkeypatch):
    """Killed after each checkpoint, before the best model is kept, and gone on with."""
    config = RECOVERED[name]
    train(config, tmp_path / "undisturbed")
    assert metrics_of(tmp_path / "undisturbed")["epoch"] == 2
    best_epoch = 0 if name == "early stopping" else 2
    assert metrics_of(tmp_path / "undisturbed")["best_epoch"] == best_epoch
    for epoch in range(3):
        killed(monkeypatch, config, tmp_path / "killed", recover=epoch > 0)
    train(config, tmp_path / "killed", recover=True)
    assert_same_training(tmp_path / "undisturbed", tmp_path / "killed")


def test_recovery_inside_an_epoch(tmp_path, monkeypatch):
    config = recovered_config({}, checkpointer={"save_every_num_batches": 3}, num_epochs=2)
    train(config, tmp_path / "undisturbed")
    # Four batches an epoch: after the third of the first, its end, and the third of the second.
    killed(monkeypatch, config, tmp_path / "killed", number=3)
    assert (tmp_path / "killed" / "training_state_e1_b3.th").exists()
    train(config, tmp_path / "killed", recover=True)
    weights = [torch.load(tmp_path / name / "best.th") for name in ("undisturbed", "killed")]
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name


def test_recovery_of_a_student(teachers, tmp_path, monkeypatch):
    config = student_config(teachers)
    config["model"].update({"dropout": 0.5, "schedule": {"type": "linear_by_epoch", "rate": 50.0}})
    config["trainer"]["num_epochs"] = 3
    train(config, tmp_path / "undisturbed")
    killed(monkeypatch, config, tmp_path / "killed", number=2)
    train(config, tmp_path / "killed", recover=True)
    assert_same_training(tmp_path / "undisturbed", tmp_path / "killed")


@pytest.mark.parametrize("number", [1, 2])
def test_recovery_from_half_a_checkpoint(number, tmp_path, monkeypatch):
    """Killed when only one of the two files of a checkpoint is there."""
    config = recovered_config({})
    train(config, tmp_path / "undisturbed")
    killed(monkeypatch, config, tmp_path / "killed", "model_state", number)
    states = [path.name for path in (tmp_path / "killed").glob("*_state_*")]
    assert len(states) == 2 * number - 1
    train(config, tmp_path / "killed", recover=True)
    assert_same_training(tmp_path / "undisturbed", tmp_path / "killed")


def test_a_checkpoint_tells_updates_and_seconds(tmp_path, monkeypatch):
    config = recovered_config({})
    seconds = []
    for number in range(2):
        killed(monkeypatch, config, tmp_path / "run", recover=number > 0)
        state = torch.load(tmp_path / "run" / f"training_state_e{number + 1}_b0.th")
        recovery = state[RECOVERY]
        assert recovery["updates"] == 4 * (number + 1)
        seconds.append(recovery["seconds"])
    assert 0 < seconds[0] < seconds[1]


def test_repairs_are_made_once():
    from allennlp.commands import find_learning_rate
    from allennlp.commands.train import TrainModel
    from allennlp.common import cached_transformers

    before = (
        TrainModel.finish,
        find_learning_rate.search_learning_rate,
        cached_transformers.get_tokenizer,
    )
    compatibility.apply()
    after = (
        TrainModel.finish,
        find_learning_rate.search_learning_rate,
        cached_transformers.get_tokenizer,
    )
    assert before == after


@pytest.mark.parametrize(
    "more",
    [
        {"trainer.num_gradient_accumulation_steps": 2},
        {"data_loader.num_workers": 2},
        {"data_loader.max_instances_in_memory": 32, "data_loader.num_workers": 1},
        {"trainer.callbacks": [{"type": "tensorboard"}]},
        {"trainer.moving_average": {"type": "exponential"}},
        {"trainer.learning_rate_scheduler": "reduce_on_plateau"},
    ],
)
def test_trainings(more, tmp_path):
    config = tagger_config(["en"])
    for path, value in more.items():
        section, name = path.split(".")
        config[section][name] = value
    train(config, tmp_path / "run")
    assert metrics_of(tmp_path / "run")["epoch"] == 1


def test_amp_is_refused_without_a_gpu(tmp_path):
    config = tagger_config(["en"])
    config["trainer"]["use_amp"] = True
    with pytest.raises(ValueError, match="Using AMP requires a cuda device"):
        train(config, tmp_path / "run")


@pytest.mark.parametrize("fault", ["ImportError('no')", "AttributeError('numpy has no float')"])
def test_a_missing_or_broken_allennlp_is_explained(tmp_path, fault):
    (tmp_path / "allennlp").mkdir()
    (tmp_path / "allennlp" / "__init__.py").write_text(f"raise {fault}")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import skd_plugin"
    result = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, universal_newlines=True
    )
    assert result.returncode != 0
    last = result.stderr[result.stderr.rindex("ImportError: skd_plugin") :]
    assert (
        "skd_plugin needs AllenNLP 2.10.1, which cannot be imported (" + fault.split("(")[0] in last
    )
    commands = 3 if sys.version_info >= (3, 11) else 1
    assert last.count("pip install") == commands + (sys.version_info >= (3, 11))
