"""
Real treebanks and corpora, if there are any.

`SKD_TEST_DATA` is a folder with `ud-pos/` (CoNLL-U) and `ner/` (columns, BIO), each with a `README.md` that has a
table: `| file | sentences | words | ...`, and in `ner/` a fourth column with the spans by type: `LOC 399 PER 343`.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from skd_plugin.dataset_readers import ConllTaggingReader, ConlluTaggingReader
from skd_plugin.dataset_readers.tag_encodings import tags_to_spans

FOLDER = os.environ.get("SKD_TEST_DATA")
ROW = re.compile(r"^\| (\S+\.(?:conllu|txt)) \| (\d+) \| (\d+) \|(.*)\|$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not FOLDER, reason="SKD_TEST_DATA names no folder of real data")


def rows(name):
    """Path, number of sentences and of words, and the rest of each row of a table."""
    folder = Path(str(FOLDER)) / name
    found = ROW.findall((folder / "README.md").read_text(encoding="utf-8"))
    assert found
    for path, num_sentences, num_words, rest in found:
        yield str(folder / path), int(num_sentences), int(num_words), rest


def test_treebanks():
    for path, num_sentences, num_words, _ in rows("ud-pos"):
        sentences = list(ConlluTaggingReader().read_sentences(path))
        assert all(len(sentence.tokens) == len(sentence.tags) for sentence in sentences)
        counts = len(sentences), sum(len(sentence.tokens) for sentence in sentences)
        assert counts == (num_sentences, num_words), path


def test_named_entities():
    for path, num_sentences, num_words, spans in rows("ner"):
        reader = ConllTaggingReader(source_encoding="BIO")
        sentences = list(reader.read_sentences(path))
        counts = len(sentences), sum(len(sentence.tokens) for sentence in sentences)
        assert counts == (num_sentences, num_words), path
        labels = Counter(
            label for sentence in sentences for label, _, _ in tags_to_spans(sentence.tags, "BIO")
        )
        words = spans.split()
        assert labels == {label: int(n) for label, n in zip(words[::2], words[1::2])}, path
