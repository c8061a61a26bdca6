"""Parallel text in columns."""

import gzip

import pytest

from skd_plugin.dataset_readers.parallel import Side
from skd_plugin.dataset_readers.parallel.tsv import read_tsv
from tests.dataset_readers.parallel.reading import fault, texts
from tests.dataset_readers.reading import write

# A table: one case a line, however long.
# ruff: noqa: E501

CONTENT = "en\tde\tfr\nOne.\tEins.\tUn.\nTwo.\t\tDeux.\n"


def test_each_column_is_a_language(tmp_path):
    path = write(tmp_path, CONTENT)
    first, second = read_tsv(path)
    assert first == {
        "en": Side("One.", path, 2),
        "de": Side("Eins.", path, 2),
        "fr": Side("Un.", path, 2),
    }
    # Whether a side may be empty is the reader's business.
    assert texts([second]) == [{"en": "Two.", "de": "", "fr": "Deux."}] and second["fr"].line == 3


def test_a_compressed_file_with_lines_of_windows(tmp_path):
    content = "\ufeff" + CONTENT.replace("\n", "\r\n")
    path = write(tmp_path, gzip.compress(content.encode()))
    assert texts(read_tsv(path)) == texts(read_tsv(write(tmp_path, CONTENT, "plain")))


# fmt: off
@pytest.mark.parametrize("content, message", [
    ("en de\na b\n", ", line 1: found 'en de'; expected the languages of at least two columns, such as en<TAB>de"),
    ("en\t\na\tb\n", r", line 1: found 'en\t'; expected the languages of at least two columns, such as en<TAB>de"),
    ("", ", line 1: found ''; expected the languages of at least two columns, such as en<TAB>de"),
    ("en\tde\ten\n", r", line 1: found 'en\tde\ten'; expected each language once"),
    ("en\tde\na\tb\na\n", ", line 3: found 1 tab-separated columns; expected 2, as in the first line"),
    ("en\tde\na\tb\tc\n", ", line 2: found 3 tab-separated columns; expected 2, as in the first line"),
    ("en\tde\na\tb\n\n", ", line 3: found 1 tab-separated columns; expected 2, as in the first line"),
])
# fmt: on
def test_what_is_wrong_is_said(tmp_path, content, message):
    path = write(tmp_path, content)
    assert fault(read_tsv, path) == path + message
