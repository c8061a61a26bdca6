"""Copies of labelled sentences with other words."""

from collections import Counter

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers import (
    DataError,
    PerturbedReader,
    SemiSupervisedReader,
)
from skd_plugin.dataset_readers.tag_encodings import tags_to_spans
from tests.dataset_readers.reading import SlashReader, read, write

WORDS = "the/D dog/N sees/V a/D cat/N\nbirds/N sing/V\nMary/P reads/V the/D old/A book/N today/B\n"
SPANS = (
    "in/O New/B-LOC York/I-LOC lives/O Ann/B-PER\n"
    "Paris/B-LOC ,/O Rome/B-LOC and/O Bob/B-PER Ray/I-PER\nno/O one/O\n"
)


@pytest.fixture
def words(tmp_path):
    return write(tmp_path, WORDS, "words")


@pytest.fixture
def spans(tmp_path):
    return write(tmp_path, SPANS, "spans")


def pairs(sentences):
    return {pair for one in sentences for pair in zip(one.tokens, one.tags)}


def test_the_sentences_come_first_and_then_copies_of_each(words):
    originals = read(SlashReader(), words)
    sentences = read(PerturbedReader(SlashReader(), copies=3, cut=0), words)
    assert sentences[:3] == originals and len(sentences) == 3 + 9
    for number, copy in enumerate(sentences[3:]):
        assert copy.tags == originals[number % 3].tags
        assert copy.language == "und"
    assert sentences[3:6] != originals


def test_words_give_way_to_words_with_their_tag(words):
    original = pairs(read(SlashReader(), words))
    for sentence in read(PerturbedReader(SlashReader(), copies=20, replace=1), words):
        assert pairs([sentence]) <= original
    copies = read(PerturbedReader(SlashReader(), copies=200, replace=1, cut=0), words)[3::3]
    assert {copy.tokens[1] for copy in copies} == {"dog", "cat", "birds", "book"}
    assert {copy.tokens[0] for copy in copies} == {"the", "a"}


def test_as_many_give_way_as_said(words):
    copies = read(PerturbedReader(SlashReader(), copies=2000, replace=0.4, cut=0), words)[3::3]
    kept = Counter(copy.tokens[1] for copy in copies)["dog"] / 2000
    assert kept == pytest.approx(0.6 + 0.4 / 4, abs=0.04)  # of four nouns, one is the same


def test_without_replacing_and_cutting_copies_are_the_sentences(words):
    sentences = read(PerturbedReader(SlashReader(), copies=2, replace=0, cut=0), words)
    assert sentences == 3 * read(SlashReader(), words)


def test_pieces(words):
    reader = PerturbedReader(SlashReader(), copies=600, replace=0, cut=1, shortest=3)
    originals = read(SlashReader(), words)
    lengths: Counter = Counter()
    for number, copy in enumerate(read(reader, words)[3:]):
        original = originals[number % 3].tokens
        pieces = [original[at : at + len(copy.tokens)] for at in range(len(original))]
        assert copy.tokens in pieces
        lengths[number % 3, len(copy.tokens)] += 1
    # The second sentence is shorter than the shortest piece.
    assert sorted(lengths) == [(0, 3), (0, 4), (0, 5), (1, 2), (2, 3), (2, 4), (2, 5), (2, 6)]
    assert lengths[0, 3] == pytest.approx(200, abs=50)


def test_spans_give_way_and_are_cut_as_wholes(spans):
    reader = PerturbedReader(
        SlashReader(), copies=100, replace=1, cut=0.5, shortest=1, label_encoding="BIO"
    )
    of_label = {"LOC": {"New York", "Paris", "Rome"}, "PER": {"Ann", "Bob Ray"}}
    seen = {label: set() for label in of_label}
    outside = set()
    for copy in read(reader, spans):
        for label, start, end in tags_to_spans(copy.tags, "BIO"):
            seen[label].add(" ".join(copy.tokens[start : end + 1]))
        outside |= {word for word, tag in zip(copy.tokens, copy.tags) if tag == "O"}
    assert seen == of_label
    assert outside == {"in", "lives", ",", "and", "no", "one"}


def test_words_outside_of_spans_stay(spans):
    reader = PerturbedReader(SlashReader(), copies=5, replace=1, cut=0, label_encoding="IOB2")
    for number, copy in enumerate(read(reader, spans)):
        words_outside = [word for word, tag in zip(copy.tokens, copy.tags) if tag == "O"]
        assert words_outside == [["in", "lives"], [",", "and"], ["no", "one"]][number % 3]


def test_a_file_has_the_same_copies_always(words):
    def copies(**options):
        return read(PerturbedReader(SlashReader(), **options), words)

    assert copies() == copies() != copies(seed=1)


def test_files_have_their_languages_and_their_own_words(words, spans):
    reader = PerturbedReader(SlashReader(max_sentences_per_file=2), copies=1, cut=0)
    sentences = read(reader, {"en": words, "de": spans})
    assert [one.language for one in sentences] == ["en"] * 4 + ["de"] * 4
    assert {word for word, _ in pairs(sentences)} == {
        word
        for line in (WORDS.splitlines()[:2] + SPANS.splitlines()[:2])
        for word in [item.split("/")[0] for item in line.split()]
    }


def test_interleaved(words, spans):
    reader = PerturbedReader(SlashReader(), copies=2, interleave=True)
    sentences = read(reader, {"en": words, "de": spans})
    assert [one.language for one in sentences] == ["en", "de"] * 9


def test_as_unlabelled_text_the_copies_have_no_tags(words):
    reader = SemiSupervisedReader(SlashReader(), PerturbedReader(SlashReader(), copies=2))
    sentences = read(reader, {"labeled": words, "unlabeled": words})
    assert len(sentences) == 3 + 9
    assert [one.tags is None for one in sentences] == [False] * 3 + [True] * 9


def test_from_a_config(words):
    params = {"type": "perturbed", "reader": {"type": "plain_text"}, "copies": 1}
    assert isinstance(DatasetReader.from_params(Params(params)), PerturbedReader)


@pytest.mark.parametrize(
    "line, options, found",
    [
        ("#a b", {}, 'no tags of the sentence "a b"; expected tags'),
        (
            "a/O b/I-X",
            {"label_encoding": "BIO"},
            'tag "I-X" where no span of X is open in the sentence "a b"; expected tags of BIO',
        ),
    ],
)
def test_malformed(tmp_path, line, options, found):
    path = write(tmp_path, line)
    with pytest.raises(DataError) as caught:
        read(PerturbedReader(SlashReader(), **options), path)
    assert str(caught.value) == f"{path}: found {found}"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"copies": 0}, "perturbed: copies: expected 1 or more, got 0"),
        ({"shortest": 0}, "perturbed: shortest: expected 1 or more, got 0"),
        ({"replace": 1.5}, "perturbed: replace: expected 0 to 1, got 1.5"),
        ({"cut": -0.5}, "perturbed: cut: expected 0 to 1, got -0.5"),
        (
            {"language": "en"},
            "perturbed: language beside reader; expected it inside, as the reader's that it is for",
        ),
    ],
)
def test_options(options, message):
    with pytest.raises(ConfigurationError) as caught:
        PerturbedReader(SlashReader(), **options)
    assert caught.value.message == message
