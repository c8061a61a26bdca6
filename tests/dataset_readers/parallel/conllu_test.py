"""Parallel treebanks."""

import pytest

from skd_plugin.dataset_readers.parallel import Side
from skd_plugin.dataset_readers.parallel.conllu import read_conllu
from tests.dataset_readers.parallel.reading import fault, texts, treebank
from tests.dataset_readers.reading import write

# A table: one case a line, however long.
# ruff: noqa: E501


def paths_of(folder, en, de):
    return {"en": write(folder, en, "en.conllu"), "de": write(folder, de, "de.conllu")}


def test_sentences_are_found_by_id(tmp_path):
    paths = paths_of(tmp_path, treebank(b="Don't.", a="One."), treebank(a="Eins.", b="Nein."))
    first, second = read_conllu(paths)
    assert first == {
        "en": Side("Don't.", paths["en"], 1, ["Don", "'", "t", "."]),
        "de": Side("Nein.", paths["de"], 6, ["Nein", "."]),
    }
    assert texts([second]) == [{"en": "One.", "de": "Eins."}]


def test_without_text_it_is_the_words(tmp_path):
    en = treebank(a="One.").replace("# text = One.\n", "")
    (row,) = read_conllu(paths_of(tmp_path, en, treebank(a="Eins.")))
    assert row["en"].text == "One ." and row["de"].text == "Eins."


@pytest.mark.parametrize(
    "en, de, file, message",
    [
        ({"a": "x", "b": "y"}, {"a": "x"}, "en", ', line 5: found sent_id "b"; expected one that {de} has too'),
        ({"a": "x"}, {"b": "y", "a": "x"}, "de", ', line 1: found sent_id "b"; expected one that {en} has too'),
        ({"": "x"}, {"a": "x"}, "en", ", line 1: found a sentence without sent_id; expected # sent_id = ..."),
    ],
)  # fmt: skip
def test_ids_that_do_not_fit(tmp_path, en, de, file, message):
    paths = paths_of(tmp_path, treebank(**en), treebank(**de))
    assert fault(read_conllu, paths) == paths[file] + message.format(**paths)


def test_no_comment_of_an_id(tmp_path):
    without = treebank(a="x").replace("# sent_id = a\n", "")
    paths = paths_of(tmp_path, treebank(a="x"), f"{treebank(a='x')}\n{without}")
    message = ", line 5: found a sentence without sent_id; expected # sent_id = ..."
    assert fault(read_conllu, paths) == paths["de"] + message


def test_a_sentence_that_comes_twice(tmp_path):
    once = treebank(a="x")
    paths = paths_of(tmp_path, f"{once}\n{once}", once)
    message = ', line 5: found sent_id "a" again, after line 1; expected each once'
    assert fault(read_conllu, paths) == paths["en"] + message
