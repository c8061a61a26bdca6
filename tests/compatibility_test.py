"""The repairs of AllenNLP have their effect."""

import subprocess
import sys

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import PretrainedTransformerTokenizer
from allennlp.training.learning_rate_schedulers import LearningRateScheduler
from allennlp.training.optimizers import Optimizer

from skd_plugin import compatibility
from tests.runs import metrics_of, tagger_config, train

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
