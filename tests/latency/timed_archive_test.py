"""Archives are timed as they are used."""

import os
import shutil
import tarfile

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive
from allennlp.predictors import Predictor

from skd_plugin.latency import TimedArchive
from tests.runs import tagger_config, train

SENTENCES = [["Anna", "Keller", "moved", "to", "Paris", "."], ["It", "rains"]]
CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["crf_tagger", "simple_tagger", "span_tagger"])
def archive(request, tmp_path_factory):
    """One of a stock tagger, and of one that has not got a tag for each word."""
    import allennlp_models.tagging  # noqa: F401

    config = tagger_config(["en"])
    config["model"]["type"] = request.param
    config["trainer"].update(validation_metric="-loss", num_epochs=1)
    folder = tmp_path_factory.mktemp(request.param) / "run"
    train(config, folder)
    return str(folder / "model.tar.gz")


def test_tags_are_those_of_the_model(archive):
    timed = TimedArchive.load(archive, CPU)
    stock = load_archive(archive)
    instances = [stock.dataset_reader.text_to_instance(words) for words in SENTENCES]
    for instance in instances:
        stock.dataset_reader.apply_token_indexers(instance)
    expected = stock.model.eval().forward_on_instances(instances)
    prepared = timed.prepare(SENTENCES)
    for words, found, one in zip(SENTENCES, timed.run(prepared), expected):
        assert list(found)[: len(words)] == list(one["tags"])[: len(words)]
    assert not any(parameter.grad_fn for parameter in stock.model.parameters())


def test_tags_are_those_of_the_predictor(student):
    archive = str(student / "model.tar.gz")
    predictor = Predictor.from_path(archive)
    expected = predictor.predict_batch_json([{"tokens": words} for words in SENTENCES])
    timed = TimedArchive.load(archive, CPU)
    assert timed.run(timed.prepare(SENTENCES)) == [one["tags"] for one in expected]
    assert timed.name == archive


def test_the_size_is_that_of_weights_config_and_vocabulary(student, tmp_path):
    with tarfile.open(student / "model.tar.gz") as archive:
        archive.extractall(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "meta.json"]
    expected = sum(map(os.path.getsize, files))
    packed, folder = (
        TimedArchive.load(str(path), CPU) for path in (student / "model.tar.gz", student)
    )
    assert packed.size.bytes == expected
    # The same but for the config, which is written anew when an archive is made.
    assert packed.size[:2] == folder.size[:2]
    assert abs(folder.size.bytes - expected) < 100
    shutil.copy(student / "best.th", tmp_path / "state.th")  # of a training: not of the model
    assert TimedArchive.load(str(tmp_path), CPU).size.bytes == expected


def test_parameters(student):
    timed = TimedArchive.load(str(student), CPU)
    model = load_archive(student).model
    words = model.vocab.get_vocab_size("tokens")
    assert timed.size.in_embeddings == 12 * words
    assert timed.size.parameters == sum(one.numel() for one in model.parameters())


def test_a_model_without_tags_is_refused(student, monkeypatch):
    timed = TimedArchive.load(str(student), CPU)
    monkeypatch.setattr(timed._model, "make_output_human_readable", lambda output: {"b": 1, "a": 2})
    message = "expected a tagger, whose output has `tags`; got a DistilledCrfTagger with a, b$"
    with pytest.raises(ConfigurationError, match=message):
        timed.run(timed.prepare(SENTENCES))
