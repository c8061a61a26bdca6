"""A tagger above an encoder that was aligned before."""

import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch
from allennlp.models import load_archive

from skd_plugin.dataset_readers import ConllTaggingReader
from skd_plugin.modules import ArchivedEncoder
from skd_plugin.predictors import MultilingualTaggerPredictor
from skd_plugin.token_indexers import ArchivedEncoderIndexer, archived_encoder
from tests.models.mmkd import mmkd_config
from tests.runs import LANGUAGES, metrics_of, tagger_config, train

CHARACTERS = {"type": "characters", "min_padding_length": 3}
EMBEDDERS = {
    "tokens": {"type": "embedding", "embedding_dim": 6},
    "token_characters": {
        "type": "character_encoding",
        "embedding": {"embedding_dim": 4, "vocab_namespace": "token_characters"},
        "encoder": {"type": "cnn", "embedding_dim": 4, "num_filters": 6, "ngram_filter_sizes": [3]},
    },
}


@pytest.fixture(scope="module")
def encoder(tiny_transformer, tmp_path_factory):
    """The serialization directory of an encoder of words and characters."""
    folder = tmp_path_factory.mktemp("encoder") / "run"
    config = mmkd_config(tiny_transformer, sentence_dim=16, dropout=0.5)
    config["dataset_reader"]["token_indexers"] = {"tokens": {}, "token_characters": CHARACTERS}
    config["model"]["text_field_embedder"] = {"token_embedders": EMBEDDERS}
    config["trainer"]["num_epochs"] = 1
    train(config, folder)
    return folder


def config_of(encoder, **embedder):
    archived = {"type": "archived_encoder", "archive_file": str(encoder / "model.tar.gz")}
    config = tagger_config(LANGUAGES)
    config["dataset_reader"]["token_indexers"] = {"encoder": archived}
    config["model"]["text_field_embedder"] = {
        "token_embedders": {"encoder": {**archived, **embedder}}
    }
    config["model"]["encoder"]["input_size"] = 16
    return config


@pytest.mark.parametrize("is_trained", [True, False])
def test_a_tagger_above_it(encoder, tmp_path, is_trained):
    model = train(config_of(encoder, train_parameters=is_trained), tmp_path)
    assert set(model.vocab.get_namespaces()) == {"labels"}
    assert metrics_of(tmp_path)["validation_macro_f1"] >= 0
    learnt, before = torch.load(tmp_path / "best.th"), torch.load(encoder / "best.th")
    prefix = "text_field_embedder.token_embedder_encoder."
    names = [name[len(prefix) :] for name in learnt if name.startswith(prefix)]
    assert {name.split(".")[0] for name in names} == {"text_field_embedder", "encoder"}
    same = [torch.equal(learnt[prefix + name], before[name]) for name in names]
    assert not any(same) if is_trained else all(same)

    predictor = MultilingualTaggerPredictor.from_path(
        str(tmp_path), predictor_name="multilingual_tagger"
    )
    sentence = {"tokens": ["Anna", "moved", "to", "Lima"], "language": "en"}
    assert len(predictor.predict_json(sentence)["tags"]) == 4


def test_states_are_those_of_the_archive(encoder):
    model = load_archive(str(encoder)).model.eval()
    indexer, embedder = ArchivedEncoderIndexer(str(encoder)), ArchivedEncoder(str(encoder)).eval()
    sentences = [["The", "doctor", "sings", "."], ["Unknownword"]]

    def tensors(indexers, vocab):
        reader = ConllTaggingReader(token_indexers=indexers)
        instances = [reader.text_to_instance(words) for words in sentences]
        for instance in instances:
            reader.apply_token_indexers(instance)
        batch = Batch(instances)
        batch.index_instances(vocab)
        return batch.as_tensor_dict()["tokens"]

    of_archive = tensors(load_archive(str(encoder)).dataset_reader.token_indexers, model.vocab)
    found = tensors({"encoder": indexer}, model.vocab)["encoder"]
    assert torch.equal(found["mask"], of_archive["tokens"]["tokens"] > 0)
    assert torch.equal(embedder(**found), model.read(of_archive).states)
    assert embedder.get_output_dim() == 16


def test_what_is_frozen_drops_nothing_out(encoder):
    embedder = ArchivedEncoder(str(encoder), train_parameters=False)
    embedder.train()
    assert not any(module.training for module in embedder.modules())
    assert ArchivedEncoder(str(encoder)).training


def test_no_such_archive(tmp_path, encoder):
    message = "archive_file: expected an archive, or a serialization directory, got nowhere"
    for part in (ArchivedEncoder, ArchivedEncoderIndexer):
        with pytest.raises(ConfigurationError, match=re.escape(message)):
            part("nowhere")


def test_an_archive_of_another_model(student, monkeypatch):
    assert ArchivedEncoder(str(student)).get_output_dim() == 16  # of a tagger
    archive = load_archive(str(student))
    monkeypatch.setattr(archived_encoder, "load_archive", lambda _: archive)
    del archive.model.encoder
    message = "as an mmkd_encoder or a tagger has; the DistilledCrfTagger of run has no encoder"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        ArchivedEncoder("run")


def test_an_archive_without_indexers(student, monkeypatch):
    archive = load_archive(str(student))
    monkeypatch.setattr(archived_encoder, "load_archive", lambda _: archive)
    archive.dataset_reader.token_indexers = None
    message = "archive_file: expected a reader with token_indexers in run, got ConllTaggingReader"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        ArchivedEncoderIndexer("run")
