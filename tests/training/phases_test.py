"""Trainings of several phases."""

import json
import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive
from allennlp.training import GradientDescentTrainer

from skd_plugin.teachers import ArchiveTeacher
from tests.runs import metrics_of, tagger_config, train
from tests.training.phased import FOUR, interrupted, phase, phased


@pytest.fixture(scope="module")
def run(teachers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phases") / "run"
    train(phased(teachers), folder)
    return folder


def test_all_phases_are_trained(run):
    found = [json.loads(path.read_text()) for path in sorted(run.glob("phase-*/finished.json"))]
    assert [one["epochs"] for one in found] == [2] * 4
    assert [one["updates"] for one in found] == [6] * 4


def test_metrics_are_named_by_phase(run):
    metrics = metrics_of(run)
    for name, *_ in FOUR:
        assert metrics[f"{name}_epochs"] == 2 and metrics[f"{name}_updates"] == 6
    assert metrics["best_validation_macro_f1"] == metrics["labels_best_validation_macro_f1"]
    assert metrics["representation_best_validation_distillation_loss"] > 0
    assert "logits_head_best_validation_distillation_loss" not in metrics


def test_archive_is_the_student_of_the_last_phase(run):
    loaded = load_archive(run / "model.tar.gz").model
    last = torch.load(run / "phase-4-labels" / "finished.th")
    assert loaded.state_dict().keys() == last.keys()
    assert all(torch.equal(weights, last[name]) for name, weights in loaded.state_dict().items())
    left = sorted(path.relative_to(run).as_posix() for path in run.rglob("*.th"))
    assert left == ["best.th", "phase-4-labels/finished.th"]


@pytest.fixture
def weights_of_phases(monkeypatch):
    """At the start and the end of each, by name; filled while training."""
    seen = []
    original = GradientDescentTrainer.train

    def weights(trainer):
        return {name: one.detach().clone() for name, one in trainer.model.named_parameters()}

    def train_and_look(self):
        start = weights(self)
        metrics = original(self)
        seen.append((start, weights(self)))
        return metrics

    monkeypatch.setattr(GradientDescentTrainer, "train", train_and_look)
    return seen


def test_each_phase_trains_its_weights(teachers, tmp_path, weights_of_phases):
    phases = [phase(*one, patience=1) for one in FOUR]
    phases[1]["trainer"]["optimizer"] = {"type": "sgd", "lr": 30.0}  # the second epoch is no better
    train(phased(teachers, phases), tmp_path / "run")
    for (_, _, _, patterns), (start, end) in zip(FOUR, weights_of_phases):
        for name, weights in start.items():
            trained = any(re.search(one, name) for one in [*patterns, "^loss_projections"])
            if not trained:
                assert torch.equal(weights, end[name]), name
        changed = [name for name in start if not torch.equal(start[name], end[name])]
        assert any(name.startswith("tag_projection_layer") for name in changed) or "" in patterns
    for (_, end), (start, _) in zip(weights_of_phases, weights_of_phases[1:]):
        assert all(
            torch.equal(weights, end[name]) for name, weights in start.items() if name in end
        )


def test_next_phase_begins_with_the_best_weights(teachers, tmp_path, monkeypatch):
    """Not with the last ones."""
    phases = [phase(*FOUR[-1]), phase("more", "labeled", [], ["tag_projection"])]
    phases[0]["trainer"].update(num_epochs=3, validation_metric="+loss")  # the first one is best
    best, started = [], []
    train_whole = GradientDescentTrainer.train

    def look(self):
        started.append({name: one.clone() for name, one in self.model.state_dict().items()})
        return train_whole(self)

    def keep(self, epoch):
        best.append({name: one.clone() for name, one in self.model.state_dict().items()})
        return train_epoch(self, epoch)

    train_epoch = GradientDescentTrainer._train_epoch
    monkeypatch.setattr(GradientDescentTrainer, "train", look)
    monkeypatch.setattr(GradientDescentTrainer, "_train_epoch", keep)
    train(phased(teachers, phases), tmp_path / "run")
    assert metrics_of(tmp_path / "run")["labels_best_epoch"] == 0
    # What the second epoch began with is what the first one had left.
    assert all(torch.equal(weights, started[1][name]) for name, weights in best[1].items())
    assert not all(torch.equal(weights, started[1][name]) for name, weights in best[2].items())


@pytest.mark.parametrize("update", [1, 5, 11, 17, 19, 23])
def test_resumed_training_ends_in_the_same_weights(teachers, run, tmp_path, monkeypatch, update):
    with monkeypatch.context() as patch:
        interrupted(patch, update)
        with pytest.raises(KeyboardInterrupt):
            train(phased(teachers), tmp_path / "run")
    assert len(list((tmp_path / "run").glob("phase-*/finished.json"))) == (update - 1) // 6
    train(phased(teachers), tmp_path / "run", recover=True)
    assert metrics_of(tmp_path / "run") == metrics_of(run)
    once, resumed = (torch.load(folder / "best.th") for folder in (run, tmp_path / "run"))
    assert all(torch.equal(weights, resumed[name]) for name, weights in once.items())


def test_teachers_read_each_sentence_once(teachers, tmp_path, monkeypatch):
    """Over all phases, and whatever each needs of it; also of validation sentences."""
    read = []
    answer = ArchiveTeacher.answer

    def count(self, sentences, layers=()):
        read.extend((self._archive_file, tuple(words)) for words in sentences)
        return answer(self, sentences, layers)

    monkeypatch.setattr(ArchiveTeacher, "answer", count)
    more = phase("joint", "all", [{"type": "logits"}, {"type": "top_k", "k": 2}], [""])
    phases = [phase(*one) for one in FOUR[:-1]] + [more]
    train(phased(teachers, phases), tmp_path / "run")
    assert len(read) == len(set(read))
    words = {words for _, words in read}
    assert len(words) >= 2 * (40 + 40)


def test_labels_alone_need_no_teacher(teachers, tmp_path, loads):
    config = phased(teachers, [phase(*FOUR[-1])])
    train(config, tmp_path / "run")
    assert loads == []


@pytest.mark.parametrize(
    "change, message",
    [
        ({"name": "a b"}, 'name of a phase: expected letters, digits, "_" and "-", got "a b"'),
        ({"data": "gold"}, 'phase "labels": data: expected all, labeled, unlabeled; got "gold"'),
        ({"updates_per_epoch": 0}, 'phase "labels": updates_per_epoch: expected 1 or more, got 0'),
        (
            {"parameters": ["^crf", "lstm"]},
            'phase "labels": parameters: "lstm" fits no weight that',
        ),
    ],
)
def test_faults_of_a_phase(teachers, tmp_path, change, message):
    config = phased(teachers, [{**phase(*FOUR[-1]), **change}])
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        train(config, tmp_path / "run")


def test_faults_of_all_phases(teachers, tmp_path):
    config = phased(teachers, [phase(*FOUR[-1]), phase(*FOUR[-1])])
    with pytest.raises(ConfigurationError, match='two are called "labels"'):
        train(config, tmp_path / "run")
    config["trainer"]["phases"] = []
    with pytest.raises(ConfigurationError, match="expected at least one phase"):
        train(config, tmp_path / "none")
    config = phased(teachers, [phase(*FOUR[-1])])
    config["train_data_path"] = config["train_data_path"]["unlabeled"]
    config["dataset_reader"] = {**config["dataset_reader"]["labeled"]}
    config["trainer"]["phases"][0]["data"] = "unlabeled"
    with pytest.raises(ConfigurationError, match='data "unlabeled": no sentence of the training'):
        train(config, tmp_path / "unlabeled")


def test_only_students(tmp_path):
    config = tagger_config(["en"])
    config["model"] = {
        "type": "span_tagger",
        **{name: value for name, value in config["model"].items() if name != "type"},
    }
    config["trainer"] = {"type": "phases", "phases": [{"name": "one"}], "cuda_device": -1}
    message = (
        "trainer phases: expected a distilled_crf_tagger or a distilled_tagger, got SpanTagger"
    )
    with pytest.raises(ConfigurationError, match=message):
        train(config, tmp_path / "run")


def test_a_lazy_loader_is_refused(teachers, tmp_path):
    config = phased(teachers, [phase(*FOUR[-1])])
    config["data_loader"] = {"batch_size": 8, "max_instances_in_memory": 16}
    with pytest.raises(ConfigurationError, match="leave out data_loader.max_instances_in_memory"):
        train(config, tmp_path / "run")
