"""Files side by side: an even mix at every moment, every sentence once, and nothing held."""

import itertools
from fractions import Fraction
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.dataset_readers import DataError, Sentence
from skd_plugin.dataset_readers.interleaving import interleaved
from skd_plugin.dataset_readers.sentence_file import SentenceFile
from tests.dataset_readers.reading import SlashReader, read, words_of, write

COUNTS = st.lists(st.integers(1, 30), min_size=1, max_size=5)


def files_of(counts):
    """Files of so many sentences, each the word `<file>.<sentence>`."""

    def read_file(path):
        return [Sentence([f"{path}.{number}"]) for number in range(counts[int(path)])]

    return [SentenceFile(str(order), None, read_file) for order in range(len(counts))]


def words(sentences):
    return [sentence.tokens[0] for sentence in sentences]


@pytest.mark.parametrize(
    "counts, expected",
    [
        ([4, 2], "0.0 1.0 0.1 0.2 1.1 0.3"),
        ([2, 4], "0.0 1.0 1.1 0.1 1.2 1.3"),
        ([2, 2, 1], "0.0 1.0 2.0 0.1 1.1"),
        ([3], "0.0 0.1 0.2"),
        ([], ""),
    ],
)
def test_order(counts, expected):
    assert words(interleaved(files_of(counts))) == expected.split()


@given(COUNTS)
def test_at_every_moment_no_file_is_a_sentence_ahead(counts):
    given_of = [0] * len(counts)
    for word in words(interleaved(files_of(counts))):
        order, number = map(int, word.split("."))
        assert number == given_of[order]
        given_of[order] += 1
        least = min(Fraction(number, count) for number, count in zip(given_of, counts))
        for number, count in zip(given_of, counts):
            assert Fraction(number - 1, count) <= least
    assert given_of == counts


@given(COUNTS, st.integers(1, 4))
def test_shares_are_those_of_the_files_one_after_another(counts, step):
    everything = words(itertools.chain.from_iterable(files_of(counts)))
    for first in range(step):
        share = words(interleaved(files_of(counts), first, step))
        assert sorted(share) == sorted(everything[first::step])
        for order, count in enumerate(counts):
            of_file = sum(word.startswith(f"{order}.") for word in share)
            assert count // step <= of_file <= -(-count // step)


def test_a_reader_interleaves(two_files):
    reader = SlashReader(interleave=True)
    expected = ["s0", "t0", "s1", "t1", "s2", "t2", "s3", "t3", "s4"]
    assert words_of(reader.read(two_files)) == expected
    assert [sentence.language for sentence in read(reader, two_files)][:3] == ["en", "de", "en"]
    assert words_of(SlashReader(interleave=True, max_instances=3).read(two_files)) == expected[:3]
    window = SlashReader(interleave=True, skip_sentences_per_file=3, max_sentences_per_file=3)
    assert words_of(window.read(two_files)) == ["s3", "t3", "s4"]


def test_sentences_are_counted_once(two_files):
    reader = SlashReader(interleave=True)
    with mock.patch.object(reader, "read_sentences", wraps=reader.read_sentences) as spy:
        list(reader.read(two_files))
        assert spy.call_count == 4
        list(reader.read(two_files))
        assert spy.call_count == 6
        list(reader.read(two_files["de"]))
        assert spy.call_count == 7


def test_nothing_is_read_ahead(two_files):
    reader, taken = SlashReader(interleave=True), []
    list(reader.read(two_files))  # counts
    read_sentences = reader.read_sentences

    def noted(path):
        for sentence in read_sentences(path):
            taken.append(sentence.tokens[0])
            yield sentence

    with mock.patch.object(reader, "read_sentences", noted):
        given = []
        for instance in itertools.islice(reader.read(two_files), 6):
            given.append(instance["metadata"]["words"][0])
            assert taken == given


@pytest.mark.parametrize(
    "content, found",
    [("t0/B\n", "1 sentences"), ("t0/B\n" * 5, "more sentences"), ("t0/B\n" * 9, "more sentences")],
)
@pytest.mark.parametrize("max_sentences", [None, 40])
def test_a_file_that_changed(two_files, tmp_path, content, found, max_sentences):
    reader = SlashReader(interleave=True, max_sentences_per_file=max_sentences)
    list(reader.read(two_files))
    path = write(tmp_path, content, "two")
    with pytest.raises(DataError) as caught:
        list(reader.read(two_files))
    assert str(caught.value) == f"{path}: found {found}; expected 4, as when they were counted"


def test_a_fault_of_a_file_is_told_as_ever(tmp_path, two_files):
    empty = write(tmp_path, "", "empty")
    with pytest.raises(DataError) as caught:
        list(SlashReader(interleave=True).read([two_files["en"], empty]))
    assert str(caught.value) == f"{empty}: found no sentence; expected at least one"
