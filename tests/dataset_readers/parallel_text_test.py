"""Parallel text in its formats, and what is wrong with it."""

import gzip
import json
import logging
import re

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from skd_plugin.dataset_readers import DataError, ParallelTextReader, sentence_key
from tests.dataset_readers.reading import write

# A table: one case a line, however long.
# ruff: noqa: E501

TMX = """<?xml version="1.0"?>
<tmx version="1.4"><header/><body>
<tu>
  <tuv xml:lang="en-US"><seg>A <bpt i="1">&lt;b></bpt>red<ept i="1">&lt;/b></ept> house</seg></tuv>
  <tuv xml:lang="de_AT"><seg>Ein
    rotes Haus</seg></tuv>
</tu>
<tu>
  <tuv xml:lang="EN"><seg>Yes</seg></tuv>
  <tuv xml:lang="fr"><seg>Oui</seg></tuv>
</tu>
</body></tmx>
"""


def treebank(**sentences):
    """CoNLL-U of sentences by id."""
    blocks = []
    for sent_id, text in sentences.items():
        lines = [f"# sent_id = {sent_id}", f"# text = {text}"]
        words = re.findall(r"\w+|\S", text)
        for number, word in enumerate(words, start=1):
            lines.append("\t".join([str(number), word, *"_" * 8]))
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


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


def test_translation_memory(tmp_path):
    path = write(tmp_path, TMX, "some.tmx")
    assert read(path) == [("de", "A red house", "Ein rotes Haus"), ("fr", "Yes", "Oui")]


def test_a_long_translation_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("skd_plugin.dataset_readers.parallel.tmx._AT_ONCE", 7)
    path = write(tmp_path, TMX.encode("utf-16"), "some.tmx")
    assert len(read(path)) == 2


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


# fmt: off
@pytest.mark.parametrize("name, content, message", [
    ("a.tsv", "en de\na b\n", ", line 1: found 'en de'; expected the languages of at least two columns, such as en<TAB>de"),
    ("a.tsv", "", ", line 1: found ''; expected the languages of at least two columns, such as en<TAB>de"),
    ("a.tsv", "en\tde\ten\n", r", line 1: found 'en\tde\ten'; expected each language once"),
    ("a.tsv", "en\tde\na\tb\na\n", ", line 3: found 1 tab-separated columns; expected 2, as in the first line"),
    ("a.tsv", "en\tde\na\tb\tc\n", ", line 2: found 3 tab-separated columns; expected 2, as in the first line"),
    ("a.tsv", "en\tde\na\t \n", ", line 2: found an empty side; expected text (or skip_empty)"),
    ("a.tsv", "fr\tde\na\tb\n", ', line 2: found the languages fr, de; expected "en" too'),
    ("a.tmx", "<tmx><tu></tmx>", ", line 1: found no XML: mismatched tag; expected TMX"),
    ("a.tmx", "<tmx>\n<tu><tuv><seg>a</seg></tuv></tu></tmx>", ", line 2: found <tuv> without a language; expected xml:lang"),
    ("a.tmx", "<tmx>\n<tu>\n</tu></tmx>", ", line 3: found a <tu> without a <seg>; expected some"),
    ("a.tmx", TMX.replace("de_AT", "en-GB"), ', line 5: found a second <tuv> of "en" in a unit; expected one a language'),
    ("a.tmx", TMX.replace("Oui", ""), ", line 10: found an empty side; expected text (or skip_empty)"),
])
# fmt: on
def test_bad_files(tmp_path, name, content, message):
    path = write(tmp_path, content, name)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value) == path + message


def test_files_of_unequal_length(tmp_path):
    paths = {"en": write(tmp_path, "a\nb\nc\n", "en"), "de": write(tmp_path, "a\nb\n", "de")}
    message = f"{paths['de']}: found the end of the file after 2 lines; expected more, as {paths['en']} has"
    for pair in (paths, dict(reversed(list(paths.items())))):
        with pytest.raises(DataError) as error:
            read(pair)
        assert str(error.value) == message


@pytest.mark.parametrize(
    "en, de, file, message",
    [
        ({"a": "x", "b": "y"}, {"a": "x"}, "en", ', line 5: found sent_id "b"; expected one that {de} has too'),
        ({"a": "x"}, {"b": "y", "a": "x"}, "de", ', line 1: found sent_id "b"; expected one that {en} has too'),
        ({"": "x"}, {"a": "x"}, "en", ", line 1: found a sentence without sent_id; expected # sent_id = ..."),
    ],
)  # fmt: skip
def test_bad_treebanks(tmp_path, en, de, file, message):
    paths = {
        "en": write(tmp_path, treebank(**en), "en.conllu"),
        "de": write(tmp_path, treebank(**de), "de.conllu"),
    }
    with pytest.raises(DataError) as error:
        read(paths)
    assert str(error.value) == paths[file] + message.format(**paths)


def test_a_sentence_that_comes_twice_in_a_treebank(tmp_path):
    once = treebank(a="x")
    paths = {"en": write(tmp_path, f"{once}\n{once}", "en.conllu"), "de": write(tmp_path, once, "de.conllu")}  # fmt: skip
    message = ', line 5: found sent_id "a" again, after line 1; expected each once'
    with pytest.raises(DataError, match=re.escape(paths["en"] + message)):
        read(paths)


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


@pytest.mark.parametrize(
    "source, options",
    [
        ({"en": "a"}, {}),
        ({"en": "a", "de": ["b"]}, {}),
        ([1], {}),
        ("a", {"file_format": "lines"}),
        ({"en": "a", "de": "b"}, {"file_format": "tsv"}),
    ],
)
def test_refused_inputs(source, options):
    with pytest.raises(ConfigurationError, match="input of parallel_text: expected a file of all"):
        read(source, **options)


def test_no_pair(tmp_path):
    with pytest.raises(ConfigurationError, match="found no pair of sentences; expected one"):
        read(write(tmp_path, "en\tde\n", "a.tsv"))
    with pytest.raises(ConfigurationError, match="a side of a pair has no tokens"):
        ParallelTextReader().text_to_instance([], "a")
