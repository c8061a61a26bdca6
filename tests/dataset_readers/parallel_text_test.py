"""Pairs of parallel text; its formats are in `parallel/`."""

import gzip
import json
import logging
import re

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from skd_plugin.dataset_readers import DataError, ParallelTextReader, sentence_key
from tests.dataset_readers.parallel.reading import treebank
from tests.dataset_readers.reading import write


def read(source, **options):
    """The pairs, as words."""
    return [
        (
            instance["metadata"]["language"],
            " ".join(token.text for token in instance["pivot"].tokens),
            " ".join(token.text for token in instance["other"].tokens),
        )
        for instance in ParallelTextReader(**options).read(source)
    ]


THREE = [("de", "One .", "Eins ."), ("fr", "One .", "Un ."), ("de", "Two .", "Zwei .")]
THREE.append(("fr", "Two .", "Deux ."))


def test_columns(tmp_path):
    content = "en\tde\tfr\nOne.\tEins.\tUn.\nTwo.\tZwei.\tDeux.\n"
    path = write(tmp_path, content, "some.tsv")
    assert read(path) == THREE
    assert read(path, languages=["fr"]) == THREE[1::2]
    assert read(path, pivot="de", languages=["fr"])[1] == ("fr", "Zwei .", "Deux .")
    assert read(write(tmp_path, gzip.compress(content.encode()), "some.tsv.gz")) == THREE


def test_lines_of_two_files_and_of_more(tmp_path):
    en = write(tmp_path, gzip.compress(b"One.\nTwo.\n"), "en.gz")
    de = write(tmp_path, "Eins.\nZwei.\n", "de")
    fr = write(tmp_path, "Un.\nDeux.\n", "fr")
    assert read({"en": en, "de": de, "fr": fr}) == THREE
    assert read([{"en": en, "de": de}, {"fr": fr, "en": en}]) == THREE[::2] + THREE[1::2]
    assert read(json.dumps({"en": en, "de": de})) == THREE[::2]


def test_treebanks(tmp_path):
    paths = {
        "en": write(tmp_path, treebank(b="Don't.", a="One."), "en.conllu"),
        "de": write(tmp_path, treebank(a="Eins.", b="Nein."), "de.conllu"),
    }
    assert read(paths) == [("de", "Don ' t .", "Nein ."), ("de", "One .", "Eins .")]
    first = next(iter(ParallelTextReader().read(paths)))
    assert first["metadata"]["pivot_words"] == ["Don't."]


def test_what_an_instance_holds():
    reader = ParallelTextReader(max_tokens=2)
    instance = reader.text_to_instance("One  two three", ["eins", "zwei"], "de")
    assert [token.text for token in instance["pivot"].tokens] == ["One", "two"]
    assert instance["metadata"].metadata == {
        "language": "de",
        "pivot_language": "en",
        "pivot_words": ["One", "two", "three"],
        "key": sentence_key(["One", "two", "three"], "en"),
    }
    reader.apply_token_indexers(instance)
    vocab = Vocabulary.from_instances([instance])
    assert vocab.get_vocab_size("tokens") == 2 + 4


def test_empty_sides_may_be_left_out(tmp_path, caplog):
    path = write(tmp_path, "en\tde\nOne\t\n\tZwei\nThree\tDrei\n", "some.tsv")
    with caplog.at_level(logging.INFO):
        assert read(path, skip_empty=True) == [("de", "Three", "Drei")]
    assert "2 of its pairs had an empty side" in caplog.text


@pytest.mark.parametrize(
    "content, message",
    [
        ("en\tde\na\t \n", ", line 2: found an empty side; expected text (or skip_empty)"),
        ("fr\tde\na\tb\n", ', line 2: found the languages fr, de; expected "en" too'),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = write(tmp_path, content, "a.tsv")
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value) == path + message


@pytest.mark.parametrize(
    "options, message",
    [
        ({"file_format": "xml"}, 'file_format: expected one of tsv, tmx, lines, conllu, got "xml"'),
        ({"max_tokens": 0}, "max_tokens: expected 1 or more, got 0"),
        ({"languages": ["en"]}, "languages: expected some beside the pivot \"en\", got ['en']"),
        ({"languages": []}, 'languages: expected some beside the pivot "en", got []'),
        ({"tokenization": "x"}, 'unknown tokenization "x"'),
    ],
)
def test_refused_options(options, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        ParallelTextReader(**options)


def test_no_pair(tmp_path):
    with pytest.raises(ConfigurationError, match="found no pair of sentences; expected one"):
        read(write(tmp_path, "en\tde\n", "a.tsv"))
    with pytest.raises(ConfigurationError, match="a side of a pair has no tokens"):
        ParallelTextReader().text_to_instance([], "a")
