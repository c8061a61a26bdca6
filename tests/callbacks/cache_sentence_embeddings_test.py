"""A teacher of sentences is asked once, before training."""

import json
from collections import Counter

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from skd_plugin.callbacks import CacheSentenceEmbeddings
from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.teachers import HuggingFaceEncoder
from tests.models.mmkd import OBJECTIVES, PARALLEL, mmkd_config
from tests.runs import metrics_of, train


@pytest.fixture
def read_by_teacher(monkeypatch):
    """The texts that a teacher has read."""
    texts = []
    embed = HuggingFaceEncoder.embed

    def noting(self, some):
        texts.extend(some)
        return embed(self, some)

    monkeypatch.setattr(HuggingFaceEncoder, "embed", noting)
    return texts


def test_each_english_sentence_is_read_once(tiny_transformer, tmp_path, read_by_teacher):
    """It has two translations, and three epochs and a second run read it again."""
    store = {"type": "lmdb", "path": str(tmp_path / "store")}
    config = mmkd_config(tiny_transformer, store, sentence_dim=16)
    train(config, tmp_path / "one")
    english = [line.split("\t")[0] for line in (PARALLEL / "train.tsv").open(encoding="utf-8")][1:]
    assert Counter(read_by_teacher) == Counter(english) and max(Counter(english).values()) == 1
    train(config, tmp_path / "two")
    assert len(read_by_teacher) == len(english)
    assert metrics_of(tmp_path / "one") == metrics_of(tmp_path / "two")


def test_without_a_teacher(tiny_transformer, tmp_path, read_by_teacher):
    """The control: words are guessed from their own side."""
    config = mmkd_config(tiny_transformer, objectives=OBJECTIVES[:1], hide_in="side")
    del config["model"]["teacher"]
    train(config, tmp_path)
    assert not read_by_teacher and not (tmp_path / "knowledge").exists()


def test_a_teacher_that_no_objective_needs(tiny_transformer, tmp_path, read_by_teacher):
    config = mmkd_config(tiny_transformer, objectives=OBJECTIVES[:1])
    config["trainer"]["num_epochs"] = 1
    train(config, tmp_path)
    assert not read_by_teacher and not (tmp_path / "knowledge").exists()


@pytest.fixture
def trainer(tiny_transformer, tmp_path):
    """One that has not begun, with a store that many share."""
    store = {"type": "lmdb", "path": str(tmp_path / "store")}
    config = json.loads(json.dumps(mmkd_config(tiny_transformer, store, sentence_dim=16)))
    folder = tmp_path / "run"
    folder.mkdir()
    loop = TrainModel.from_params(
        params=Params(config), serialization_dir=str(folder), local_rank=0
    )
    return loop.trainer


@pytest.fixture
def closed(monkeypatch):
    """The stores that were closed."""
    stores = []
    close = LmdbKnowledgeStore.close

    def noting(self):
        stores.append(self)
        close(self)

    monkeypatch.setattr(LmdbKnowledgeStore, "close", noting)
    return stores


def callback_of(trainer):
    (callback,) = [one for one in trainer._callbacks if isinstance(one, CacheSentenceEmbeddings)]
    return callback


def test_embeddings_are_there_while_it_trains(trainer, closed):
    callback, model = callback_of(trainer), trainer.model
    assert model.teacher_embeddings is None
    callback.on_start(trainer)
    (pivot, *_), *_ = [
        line.split("\t") for line in (PARALLEL / "train.tsv").open(encoding="utf-8")
    ][1:]
    instance = next(iter(trainer.data_loader.iter_instances()))
    metadata = instance["metadata"].metadata
    assert metadata["pivot_words"] == pivot.split() and not closed
    assert model.teacher_embeddings.batch([metadata["key"]], "cpu").shape == (1, 16)
    callback.on_end(trainer)
    assert model.teacher_embeddings is None and closed == [callback.store]


def test_a_fault_of_the_teacher_closes_the_store(trainer, closed, monkeypatch):
    def fail(self, texts):
        raise ConfigurationError("no voice")

    monkeypatch.setattr(HuggingFaceEncoder, "embed", fail)
    callback = callback_of(trainer)
    with pytest.raises(ConfigurationError, match="no voice"):
        callback.on_start(trainer)
    assert closed == [callback.store] and trainer.model.teacher_embeddings is None


def test_what_it_needs(student, tmp_path):
    config = json.loads((student / "config.json").read_text())
    config["trainer"]["callbacks"] = [{"type": "cache_sentence_embeddings"}]
    message = "cache_sentence_embeddings: expected an mmkd_encoder, which holds the teacher; got Di"
    with pytest.raises(ConfigurationError, match=message):
        train(config, tmp_path / "one")
    config["trainer"]["callbacks"][0]["tokens_per_batch"] = 0
    with pytest.raises(ConfigurationError, match="tokens_per_batch: expected 1 or more, got 0"):
        train(config, tmp_path / "two")
