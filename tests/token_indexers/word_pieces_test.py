"""Pieces of words, numbered by the student's vocabulary."""

import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import TextField
from transformers import AutoTokenizer

from skd_plugin.token_indexers import WordPiecesIndexer

SENTENCES = [["anna", "saw", "it"], ["he"]]


def instances(indexer, sentences=SENTENCES):
    fields = [TextField([Token(word) for word in words], {"t": indexer}) for words in sentences]
    return [Instance({"tokens": field}) for field in fields]


def tensor(indexer, vocab, sentences=SENTENCES):
    batch = Batch(instances(indexer, sentences))
    batch.index_instances(vocab)
    return batch.as_tensor_dict()["tokens"]["t"]["word_pieces"]


def test_pieces_are_those_of_the_tokenizer(tiny_transformer):
    indexer = WordPiecesIndexer(str(tiny_transformer))
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_transformer))
    for sentence in SENTENCES:
        for word in sentence:
            assert indexer.pieces(word) == tokenizer.tokenize(word)
    assert len(indexer.pieces("anna")) == 4


def test_only_pieces_of_the_data_are_in_the_vocabulary(tiny_transformer):
    indexer = WordPiecesIndexer(str(tiny_transformer))
    vocab = Vocabulary.from_instances(instances(indexer))
    pieces = {piece for words in SENTENCES for word in words for piece in indexer.pieces(word)}
    found = vocab.get_token_to_index_vocabulary("word_pieces")
    assert set(found) == pieces | {"@@PADDING@@", "@@UNKNOWN@@"}


def test_tensor_has_pieces_of_words_and_padding(tiny_transformer):
    indexer = WordPiecesIndexer(str(tiny_transformer))
    vocab = Vocabulary.from_instances(instances(indexer))
    found = tensor(indexer, vocab)
    longest = max(len(indexer.pieces(word)) for words in SENTENCES for word in words)
    assert found.shape == (2, 3, longest) and found.dtype == torch.long
    for row, words in enumerate(SENTENCES):
        for column in range(3):
            pieces = indexer.pieces(words[column]) if column < len(words) else []
            numbers = [vocab.get_token_index(piece, "word_pieces") for piece in pieces]
            assert found[row, column].tolist() == numbers + [0] * (longest - len(numbers))


def test_other_pieces_are_unknown(tiny_transformer):
    indexer = WordPiecesIndexer(str(tiny_transformer))
    vocab = Vocabulary.from_instances(instances(indexer, [["a"]]))
    assert tensor(indexer, vocab, [["b"]]).tolist() == [[[1]]]


@pytest.mark.parametrize("word", ["\u200b", " "])
def test_a_word_without_pieces_is_one_unknown_piece(tiny_transformer, word):
    assert WordPiecesIndexer(str(tiny_transformer)).pieces(word) == ["[UNK]"]


def test_long_words_are_cut(tiny_transformer):
    indexer = WordPiecesIndexer(str(tiny_transformer), max_pieces=3)
    assert len(indexer.pieces("aaaaaaaaaaaaaaa")) == 3
    with pytest.raises(ConfigurationError, match="max_pieces: expected 1 or more, got 0"):
        WordPiecesIndexer(str(tiny_transformer), max_pieces=0)


def test_no_words(tiny_transformer):
    indexer = WordPiecesIndexer(str(tiny_transformer))
    vocab = Vocabulary.from_instances(instances(indexer))
    assert tensor(indexer, vocab, [[], ["he"]]).shape[:2] == (2, 1)


def test_no_tokenizer(tmp_path):
    message = re.escape(f"model_name: expected the folder or name of a tokenizer, got '{tmp_path}'")
    with pytest.raises(ConfigurationError, match=message):
        WordPiecesIndexer(str(tmp_path))
