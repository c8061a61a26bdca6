"""Exports: what is written, and what cannot be."""

import json
import os
import sys

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive
from allennlp.modules import Seq2SeqEncoder, TokenEmbedder
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from allennlp.modules.token_embedders import EmptyEmbedder

from skd_plugin.serving import OnnxTagger, export, onnx_export, requirements
from tests.runs import LANGUAGES, tagger_config, train


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_written(folder_of):
    written = {
        "config.json",
        "model.onnx",
        "vocabulary/labels.txt",
        "vocabulary/non_padded_namespaces.txt",
    }
    found = {name for name in files(folder_of("crf")) if not name.endswith(".lock")}
    assert found == written | {"vocabulary/tokens.txt"}
    found = files(folder_of("word pieces"))
    assert found >= written | {"vocabulary/word_pieces.txt", "tokenizers/pieces/tokenizer.json"}
    config = json.loads((folder_of("word pieces") / "config.json").read_text())
    assert config["format"] == "skd_plugin export 1" and config["label_encoding"] == "BIO"
    assert config["token_indexers"]["pieces"]["model_name"] == "tokenizers/pieces"
    assert "O" in config["tags"] and not config["int8"]


def test_reader_inside_another(tmp_path):
    config = tagger_config(LANGUAGES)
    inside = config["dataset_reader"]
    inside["token_indexers"] = {"tokens": {"type": "single_id", "lowercase_tokens": True}}
    config["dataset_reader"] = {"type": "semi_supervised", "labeled": inside}
    config["train_data_path"] = {"labeled": config["train_data_path"]}
    config["validation_dataset_reader"] = inside
    train(config, tmp_path / "run")
    export(load_archive(str(tmp_path / "run")), tmp_path / "out")
    written = json.loads((tmp_path / "out" / "config.json").read_text())
    assert written["token_indexers"] == inside["token_indexers"]


def test_folders_that_hold_something(archive_of, tmp_path):
    archive, folder = archive_of("crf"), tmp_path / "a" / "out"
    export(archive, folder)
    with pytest.raises(ConfigurationError) as error:
        export(archive, folder)
    assert str(error.value) == f"{folder}: there is an export already; --force replaces it"
    (folder / "config.json").write_text("{}")
    message = "expected a new or an empty folder; what is there is no export"
    with pytest.raises(ConfigurationError, match=f"{folder}: {message}"):
        export(archive, folder, force=True)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_replaced_as_a_whole(archive_of, tmp_path, monkeypatch):
    archive, folder = archive_of("crf"), tmp_path / "out"
    folder.mkdir()
    export(archive, folder)
    (folder / "of the old one").write_text("")
    before = files(folder)

    def fail(*_):
        raise RuntimeError("no more room")

    with monkeypatch.context() as patched:
        patched.setattr(onnx_export, "check_parity", fail)
        with pytest.raises(RuntimeError):
            export(archive, folder, force=True)
    assert files(folder) == before
    replace = os.replace

    def fail_at_last(source, target):
        if "unfinished" in str(source):
            fail()
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail_at_last)
        with pytest.raises(RuntimeError):
            export(archive, folder, force=True)
    assert files(folder) == before
    export(archive, folder, force=True)
    assert files(folder) == before - {"of the old one"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert OnnxTagger(folder).tag([["Anna"]])


def test_no_folder_to_write_to(archive_of, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="expected a folder to write to"):
        export(archive_of("crf"), tmp_path / "file" / "out")


ENCODERS = (
    "ComposeEncoder, FeedForwardEncoder, LstmSeq2SeqEncoder, PaddedLstm, PassThroughEncoder, "
    "PytorchTransformer"
)
EMBEDDERS = "DistinctCharactersEncoder, Embedding, TokenCharactersEncoder, WordPiecesEmbedder"


def refused(archive, tmp_path):
    with pytest.raises(ConfigurationError) as error:
        export(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    return str(error.value)


def test_other_encoders(archive_of, tmp_path):
    archive = archive_of("crf")
    params = Params({"type": "gru", "input_size": 12, "hidden_size": 16})
    archive.model.encoder = Seq2SeqEncoder.from_params(params)
    assert refused(archive, tmp_path) == (
        f"export: cannot export the encoder GruSeq2SeqEncoder; expected one of {ENCODERS}"
    )


def test_other_embedders(archive_of, tmp_path):
    archive = archive_of("crf")
    params = Params({"type": "bag_of_word_counts", "vocab_namespace": "tokens"})
    other = TokenEmbedder.from_params(params, vocab=archive.model.vocab)
    archive.model.text_field_embedder = BasicTextFieldEmbedder({"tokens": other})
    assert refused(archive, tmp_path) == (
        f"export: cannot export the token embedder BagOfWordCountsTokenEmbedder; expected one of {EMBEDDERS}"
    )


def test_other_activations(archive_of, tmp_path):
    archive = archive_of("padded_lstm")
    archive.model._feedforward._activations[0] = torch.nn.Softsign()
    assert refused(archive, tmp_path).startswith(
        "export: cannot export the activation Softsign; expected one of ELU, GELU"
    )


def test_other_models(archive_of, tmp_path):
    config = tagger_config(["en"], type="span_tagger", max_span_width=3)
    model = train(config, tmp_path / "run")
    message = "export: cannot export the model SpanTagger; expected one of DistilledCrfTagger, DistilledTagger"
    assert refused(archive_of("crf")._replace(model=model), tmp_path) == message


def test_reader_with_other_indexers(archive_of, tmp_path):
    archive = archive_of("crf")
    archive.config["dataset_reader"]["token_indexers"] = {"words": {"type": "single_id"}}
    assert refused(archive, tmp_path) == (
        "export: expected the dataset_reader to have the token_indexers tokens, found words"
    )


def test_indexers_that_are_not_read_are_left_out(archive_of, tmp_path):
    archive = archive_of("characters")
    words = archive.model.text_field_embedder.token_embedder_tokens
    both = {"tokens": words, "letters": EmptyEmbedder()}
    archive.model.text_field_embedder = BasicTextFieldEmbedder(both)
    archive.model.encoder = Seq2SeqEncoder.from_params(
        Params({"type": "lstm", "input_size": 8, "hidden_size": 8, "bidirectional": True})
    )
    export(archive, tmp_path / "out")
    assert list(OnnxTagger(tmp_path / "out").prepare([["Anna"]])) == ["tokens"]


@pytest.mark.parametrize("name", ["onnx", "onnxruntime"])
def test_missing_packages(name, archive_of, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    assert refused(archive_of("crf"), tmp_path) == (
        f"{name} cannot be imported (import of {name} halted; None in sys.modules); expected the packages of serving: "
        "pip install skd_plugin[serve]"
    )


def test_package_of_another_name():
    with pytest.raises(ConfigurationError) as error:
        requirements.required("onnx_that_is_missing")
    assert str(error.value) == (
        "onnx_that_is_missing cannot be imported (No module named 'onnx_that_is_missing'); expected the packages of "
        "serving: pip install skd_plugin[serve]"
    )
