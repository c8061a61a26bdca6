"""Knowledge is computed once, before training, and training does not depend on when."""

import json
import shutil

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import load_archive

from skd_plugin.knowledge import KnowledgeRequest, LmdbKnowledgeStore
from skd_plugin.losses import Distillation, Progress
from skd_plugin.teachers import ArchiveTeacher, Ensemble
from tests.runs import LANGUAGES, NER, metrics_of, student_config, tagger_config, train


def weights(folder):
    return load_archive(folder / "model.tar.gz").model.state_dict()


def assert_same_training(one, other):
    assert metrics_of(one) == metrics_of(other)
    for name, value in weights(one).items():
        assert torch.equal(value, weights(other)[name]), name


def test_next_run_reads_what_is_there(teachers, tmp_path, loads, taught):
    store = {"type": "lmdb", "path": str(tmp_path / "knowledge")}
    train(student_config(teachers, store=store), tmp_path / "cold")
    assert len(loads) == len(LANGUAGES) and sum(taught) == 80
    train(student_config(teachers, store=store), tmp_path / "warm")
    assert len(loads) == len(LANGUAGES) and sum(taught) == 80
    assert_same_training(tmp_path / "cold", tmp_path / "warm")


def test_teachers_that_moved_are_known_again(teachers, tmp_path, loads):
    store = {"type": "lmdb", "path": str(tmp_path / "knowledge")}
    train(student_config(teachers, store=store), tmp_path / "one")
    shutil.copytree(teachers, tmp_path / "elsewhere")
    train(student_config(tmp_path / "elsewhere", store=store), tmp_path / "two")
    assert len(loads) == len(LANGUAGES)


def test_only_what_is_missing_is_asked(teachers, tmp_path, loads, taught):
    store = {"type": "lmdb", "path": str(tmp_path / "knowledge")}
    train(student_config(teachers, [{"type": "top_k", "k": 4}], store), tmp_path / "a")
    train(student_config(teachers, [{"type": "weighted_top_k", "k": 2}], store), tmp_path / "b")
    assert len(loads) == 2
    train(student_config(teachers, [{"type": "emission"}], store), tmp_path / "c")
    assert len(loads) == 4
    config = student_config(teachers, [{"type": "emission"}], store)
    config["dataset_reader"]["max_sentences_per_file"] = 42
    del taught[:]
    train(config, tmp_path / "d")
    assert sum(taught) == 4


def test_stores_give_the_same_training(teachers, tmp_path):
    for store in ("memory", "lmdb"):
        train(student_config(teachers, store={"type": store}), tmp_path / store)
    assert_same_training(tmp_path / "memory", tmp_path / "lmdb")


def test_same_config_and_seed_give_the_same_metrics(teachers, tmp_path):
    for name in ("one", "two"):
        train(student_config(teachers), tmp_path / name)
    assert_same_training(tmp_path / "one", tmp_path / "two")
    config = student_config(teachers)
    config["pytorch_seed"] = 7
    train(config, tmp_path / "other")
    assert metrics_of(tmp_path / "other") != metrics_of(tmp_path / "one")


def test_recover_continues_and_computes_nothing_again(teachers, tmp_path, loads, monkeypatch):
    config = student_config(teachers)
    config["trainer"]["num_epochs"] = 4
    folder = tmp_path / "run"
    advance = Distillation.advance

    def interrupt(self, progress):
        if progress.epoch == 2 and progress.batch == 1:
            raise KeyboardInterrupt
        advance(self, progress)

    monkeypatch.setattr(Distillation, "advance", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(config, folder)
    assert (folder / "knowledge").is_dir() and len(loads) == 2

    seen = []

    def note(self, progress):
        seen.append(progress)
        advance(self, progress)

    monkeypatch.setattr(Distillation, "advance", note)
    train(config, folder, recover=True)
    assert len(loads) == 2
    # The schedule continues where training stopped.
    assert seen[0] == Progress(epoch=2, batch=0, batches_per_epoch=5)
    assert metrics_of(folder)["epoch"] == 3


def test_schedule_is_told_of_every_batch(teachers, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(Distillation, "advance", lambda self, progress: seen.append(progress))
    train(student_config(teachers), tmp_path / "run")
    epochs = [
        [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0)],
        [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 0)],
    ]
    assert [(progress.epoch, progress.batch) for progress in seen] == sum(epochs, [])


def test_schedule_counts_groups_of_batches(teachers, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(Distillation, "advance", lambda self, progress: seen.append(progress))
    config = student_config(teachers)
    config["trainer"].update(num_gradient_accumulation_steps=2, num_epochs=1)
    train(config, tmp_path / "run")
    assert [(one.batch, one.batches_per_epoch) for one in seen] == [
        (0, 3),
        (1, 3),
        (2, 3),
        (3, 3),
        (0, 3),
    ]


def test_language_with_an_empty_list_of_teachers(teachers, tmp_path):
    config = student_config(teachers)
    config["model"]["teachers"]["ru"] = []
    with pytest.raises(
        ConfigurationError, match="a language with an empty list; expected at least one teacher"
    ):
        train(config, tmp_path / "run")


def test_several_teachers_answer_as_one(teachers, tmp_path):
    config = student_config(teachers)
    archive = {"archive_file": str(teachers / "en" / "model.tar.gz")}
    config["model"]["teachers"] = {"en": [archive, {**archive, "constrained": False}]}
    train(config, tmp_path / "run")
    assert metrics_of(tmp_path / "run")["epoch"] == 1


def test_language_without_teacher_learns_from_gold(teachers, tmp_path, taught):
    config = student_config(teachers)
    del config["model"]["teachers"]["ru"]
    train(config, tmp_path / "run")
    assert sum(taught) == 40


def test_without_teachers_it_does_nothing(tmp_path):
    config = tagger_config(["en"])
    config["trainer"]["callbacks"] = [{"type": "cache_teacher_knowledge"}]
    train(config, tmp_path / "run")
    assert not (tmp_path / "run" / "knowledge").exists()


def test_unlabeled_sentence_without_teacher(teachers, tmp_path):
    config = student_config(teachers)
    (tmp_path / "text.txt").write_text("Γεια\nσου\n", encoding="utf-8")
    config["train_data_path"]["el"] = str(tmp_path / "text.txt")
    config["datasets_for_vocab_creation"] = ["validation"]
    with pytest.raises(ConfigurationError) as error:
        train(config, tmp_path / "run")
    assert str(error.value) == (
        'a training sentence of "el" has neither gold tags nor a teacher ("Γεια σου"): '
        "nothing can be learnt from it. Languages with teachers: en, ru"
    )


def test_unlabeled_sentences_are_learnt_from_teachers(teachers, tmp_path):
    config = student_config(teachers)
    (tmp_path / "text.txt").write_text("Anna\nsleeps\n\nIt\nrains\n\n", encoding="utf-8")
    config["train_data_path"]["en"] = [config["train_data_path"]["en"], str(tmp_path / "text.txt")]
    train(config, tmp_path / "run")
    assert np.isfinite(metrics_of(tmp_path / "run")["training_loss"])


def test_teachers_of_a_language_that_is_not_there(teachers, tmp_path):
    config = student_config(teachers)
    config["train_data_path"] = config["train_data_path"]["en"]
    with pytest.raises(ConfigurationError) as error:
        train(config, tmp_path / "run")
    assert str(error.value) == (
        '"en" has teachers but no training sentence. Languages of the training data: und; name them by a mapping '
        "{language: path} as train_data_path, or by the reader's `language`"
    )


def test_labels_that_the_student_lacks(teachers, tmp_path):
    config = student_config(teachers)
    lines = "Anna B-PERSON\nsleeps O\n\n"
    (tmp_path / "train.txt").write_text(lines)
    config["train_data_path"] = config["validation_data_path"] = {"en": str(tmp_path / "train.txt")}
    del config["model"]["teachers"]["ru"]
    with pytest.raises(ConfigurationError) as error:
        train(config, tmp_path / "run")
    message = str(error.value)
    assert 'the labels of the teachers of "en" do not fit the student\'s' in message
    assert "Labels that the student lacks: B-LOC, B-ORG, B-PER, I-LOC, I-ORG, I-PER" in message
    assert "Labels that the teachers lack: B-PERSON" in message


def test_other_model(tmp_path):
    import allennlp_models.tagging  # noqa: F401

    config = tagger_config(["en"])
    config["model"]["type"] = "crf_tagger"
    config["trainer"].update(
        callbacks=[{"type": "cache_teacher_knowledge"}], validation_metric="-loss"
    )
    with pytest.raises(
        ConfigurationError,
        match="expected a distilled_crf_tagger or a distilled_tagger.*got CrfTagger",
    ):
        train(config, tmp_path / "run")


def test_missing_teacher_is_named_before_training(teachers, tmp_path):
    config = student_config(teachers)
    config["model"]["teachers"]["ru"] = [{"archive_file": str(tmp_path / "ru.tar.gz")}]
    with pytest.raises(ConfigurationError, match="ru.tar.gz: no such teacher archive"):
        train(config, tmp_path / "run")


def test_knowledge_is_what_the_live_teacher_says(teachers, tmp_path):
    store = {"type": "lmdb", "path": str(tmp_path / "knowledge")}
    losses = [{"type": "posterior"}, {"type": "top_k", "k": 3}, {"type": "emission"}]
    train(student_config(teachers, losses, store), tmp_path / "run")
    teacher = ArchiveTeacher(str(teachers / "en" / "model.tar.gz"))
    ensemble = Ensemble([teacher])
    teacher.load(torch.device("cpu"))
    reader = load_archive(teachers / "en").dataset_reader
    instance = next(
        iter(
            reader.read(
                json.loads((teachers / "en" / "config.json").read_text())["train_data_path"]
            )
        )
    )
    metadata = instance["metadata"].metadata
    opened = LmdbKnowledgeStore(str(tmp_path / "knowledge"))
    opened.open("")
    request = KnowledgeRequest(frozenset(["posteriors", "paths", "emissions"]), 3)
    (known,) = opened.read(ensemble.fingerprint, [metadata["key"]], request)
    opened.close()
    chain = teacher.distribution([metadata["words"]])
    order = [teacher.labels.index(label) for label in sorted(teacher.labels)]
    np.testing.assert_allclose(
        np.exp(known.log_posteriors.astype(np.float32)),
        chain.marginals[0, :, order].numpy(),
        atol=1e-3,
    )
    expected = [
        [sorted(teacher.labels).index(teacher.labels[tag]) for tag in path]
        for path in chain.top_k(3).paths[0]
    ]
    assert known.paths.tolist() == expected


def test_streaming(teachers, tmp_path, taught):
    config = student_config(teachers)
    config["data_loader"] = {"batch_size": 16, "max_instances_in_memory": 32}
    config["vocabulary"] = {"type": "from_files", "directory": str(tmp_path / "vocabulary")}
    allennlp_vocabulary(config).save_to_files(str(tmp_path / "vocabulary"))
    train(config, tmp_path / "run")
    assert sum(taught) == 80
    config["model"]["schedule"] = {"type": "linear_by_batch"}
    with pytest.raises(
        ConfigurationError, match="linear_by_batch: the data loader does not know its length"
    ):
        train(config, tmp_path / "other")


def allennlp_vocabulary(config):
    reader = DatasetReader.from_params(Params(dict(config["dataset_reader"])))
    return Vocabulary.from_instances(reader.read(config["train_data_path"]))


def test_validation_data_that_would_be_drawn(teachers, tmp_path):
    config = student_config(teachers)
    config["data_loader"] = {"batch_sampler": {"type": "smoothed_languages", "batch_size": 16}}
    message = (
        "smoothed_languages draws the validation data too, some of them twice and some not at all"
    )
    with pytest.raises(ConfigurationError, match=message):
        train(config, tmp_path / "drawn")
    config["validation_data_loader"] = {"batch_size": 64}
    train(config, tmp_path / "whole")


def test_batches_without_tokens(teachers, tmp_path):
    config = student_config(teachers)
    config["trainer"]["callbacks"][0]["tokens_per_batch"] = 0
    with pytest.raises(ConfigurationError, match="tokens_per_batch: expected 1 or more, got 0"):
        train(config, tmp_path / "run")


def test_teachers_for_nothing(teachers, tmp_path):
    config = student_config(teachers)
    del config["model"]["losses"]
    with pytest.raises(ConfigurationError, match="there are teachers but no losses; say what to"):
        train(config, tmp_path / "run")


def measured(teachers, losses, **more):
    """Learns nothing, and measures on the sentences that it would learn from."""
    config = student_config(teachers, losses)
    config["validation_data_path"] = config["train_data_path"]
    config["model"].update(schedule={"type": "constant", "weight": 1.0}, **more)
    config["trainer"].update(
        optimizer={"type": "sgd", "lr": 0.0}, num_epochs=1, validation_metric="-distillation_loss"
    )
    return config


def test_distillation_loss_of_validation_sentences(teachers, tmp_path, taught):
    """Of the same sentences it is what training says; no sentence is asked twice."""
    losses = [{"type": "posterior"}, {"type": "hidden", "teacher_dim": 16}]
    train(measured(teachers, losses), tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    assert sum(taught) == 80
    assert metrics["validation_distillation_loss"] == pytest.approx(metrics["training_loss"])
    assert metrics["validation_distillation_loss"] != metrics["validation_loss"]


def test_validation_sentences_without_teacher_are_not_measured(teachers, tmp_path, taught):
    config = measured(teachers, [{"type": "posterior"}])
    config["validation_data_path"] = {
        language: str(NER / language / "dev.txt") for language in LANGUAGES
    }
    del config["model"]["teachers"]["ru"]
    train(config, tmp_path / "run")
    assert sum(taught) == 2 * 40
    assert metrics_of(tmp_path / "run")["validation_distillation_loss"] > 0
