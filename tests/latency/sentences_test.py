"""The sentences to be timed with."""

import re

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.latency.sentences import batch_of, of_length, read_words
from tests.runs import NER, ROOT

SENTENCES = [["a", "b", "c"], ["d"], ["e", "f"]]


def test_sentences_are_cut_or_joined_to_a_length():
    assert of_length(SENTENCES, 2) == [["a", "b"], ["d", "e"], ["e", "f"]]
    assert of_length([["a"]], 3) == [["a", "a", "a"]]
    assert SENTENCES == [["a", "b", "c"], ["d"], ["e", "f"]]


def test_batches_begin_anew_behind_the_last():
    assert batch_of("abc", 2, 0) == ["a", "b"]
    assert batch_of("abc", 2, 1) == ["c", "a"]
    assert batch_of("abc", 2, -1) == ["b", "c"]
    assert batch_of("abc", 4, 0) == ["a", "b", "c", "a"]


def test_columns(tmp_path):
    (tmp_path / "x.txt").write_text("Anna B-PER\nran O\n\nEva B-PER\n")
    assert read_words(str(tmp_path / "x.txt")) == [["Anna", "ran"], ["Eva"]]
    assert read_words(str(tmp_path / "x.txt"), most=1) == [["Anna", "ran"]]


def test_the_end_of_a_name_says_how_it_is_read(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"tokens": ["Anna", "ran"], "spans": []}\n')
    assert read_words(str(tmp_path / "x.jsonl")) == [["Anna", "ran"]]
    path = str(ROOT / "fixtures" / "pos" / "de" / "dev.conllu")
    assert len(read_words(path)) == 40 and "\t" not in read_words(path)[0][0]


def test_a_reader_by_name_or_config(tmp_path):
    (tmp_path / "x.txt").write_text("Anna ran\nEva.\n")
    assert read_words(str(tmp_path / "x.txt"), "plain_text") == [["Anna", "ran"], ["Eva."]]
    config = '{"type": "plain_text", "tokenization": "words"}'
    assert read_words(str(tmp_path / "x.txt"), config)[1] == ["Eva", "."]


@pytest.mark.parametrize(
    "reader, message",
    [
        ("{x", "--reader {x: expected a name or JSON"),
        (
            "sharded",
            "--reader sharded: expected a reader that derives from TaggingDatasetReader, got ShardedDatasetReader",
        ),
        ("conll", "conll not in acceptable choices"),
    ],
)
def test_bad_readers(reader, message):
    if reader == "sharded":
        reader = '{"type": "sharded", "base_reader": "plain_text"}'
        message = message.replace("sharded:", f"{reader}:")
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        read_words(str(NER / "en" / "test.txt"), reader)


def test_a_file_that_is_not_there():
    with pytest.raises(ConfigurationError, match="^nowhere.txt: found no such file"):
        read_words("nowhere.txt")
