"""`allennlp train-tokenizer`."""

import json

import pytest

from skd_plugin.token_indexers import WordPiecesIndexer
from tests.models.mmkd import PARALLEL
from tests.runs import NER, allennlp


def train_tokenizer(*arguments):
    """The exit status."""
    try:
        allennlp("train-tokenizer", *arguments)
    except SystemExit as exit:
        return exit.code
    return 0


def test_pieces_of_parallel_text(tmp_path, capsys):
    assert train_tokenizer(PARALLEL / "train.tsv", "-s", tmp_path / "one", "--size", 500) == 0
    assert f"{tmp_path / 'one'}: 500 pieces" in capsys.readouterr().out
    indexer = WordPiecesIndexer(str(tmp_path / "one"))
    assert indexer.pieces("Arzt") == ["Arzt"] and indexer.pieces("поезд") == ["поезд"]
    assert "".join(indexer.pieces("Bibliotheken")).replace("##", "") == "Bibliotheken"
    assert indexer.pieces("夏") == ["[UNK]"]
    assert train_tokenizer(PARALLEL / "train.tsv", "-s", tmp_path / "two", "--lowercase") == 0
    assert WordPiecesIndexer(str(tmp_path / "two")).pieces("ARZT") == ["arzt"]


def test_any_reader(tmp_path):
    reader = json.dumps({"type": "conll_tagging"})
    data = json.dumps({"en": str(NER / "en" / "train.txt")})
    assert train_tokenizer(data, "-s", tmp_path, "--reader", reader) == 0
    assert WordPiecesIndexer(str(tmp_path)).pieces("Washington") == ["Washington"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.tsv"], "nowhere.tsv: found no such file; expected a file or URL"),
        (["nowhere.tsv", "--reader", "{"], "--reader {: expected a name or JSON (Expecting prop"),
    ],
)
def test_errors(tmp_path, capsys, arguments, message):
    assert train_tokenizer(*arguments, "-s", tmp_path) == 2
    assert message in capsys.readouterr().err
