"""Which files an input names, and in what format they are."""

import gzip
import json
import re
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.dataset_readers.parallel import read_rows
from tests.dataset_readers.parallel.reading import fault, texts, treebank
from tests.dataset_readers.reading import write

ROW = {"en": "One.", "de": "Eins."}
TSV = "en\tde\nOne.\tEins.\n"
UNIT = '<tuv lang="en"><seg>One.</seg></tuv><tuv lang="de"><seg>Eins.</seg></tuv>'
TMX = f"<tmx><tu>{UNIT}</tu></tmx>"


@pytest.mark.parametrize(
    "name, content", [("a.tsv", TSV), ("a.txt", TSV), ("a.tmx", TMX), ("a.tmx.gz", TMX)]
)
def test_the_name_says_the_format_of_a_file(tmp_path, name, content):
    written = gzip.compress(content.encode()) if name.endswith(".gz") else content
    path = write(tmp_path, written, name)
    assert texts(read_rows(path)) == texts(read_rows(Path(path))) == [ROW]


@pytest.mark.parametrize("file_format, content", [("tsv", TSV), ("tmx", TMX)])
def test_the_format_may_be_given(tmp_path, file_format, content):
    path = write(tmp_path, content, {"tsv": "a.tmx", "tmx": "a.tsv"}[file_format])
    assert texts(read_rows(path, file_format)) == [ROW]
    assert fault(read_rows, path).startswith(f"{path}, line 1: found ")


def test_files_of_a_language_each(tmp_path):
    lines = {language: write(tmp_path, text, language) for language, text in ROW.items()}
    assert texts(read_rows(lines)) == [ROW]
    treebanks = {
        language: write(tmp_path, treebank(a=text), f"{language}.conllu")
        for language, text in ROW.items()
    }
    assert texts(read_rows(treebanks)) == texts(read_rows(treebanks, "conllu")) == [ROW]
    # One that is no treebank makes them files of lines.
    assert "found the end of the file after 1 lines" in fault(
        read_rows, {**treebanks, "de": lines["de"]}
    )


def test_lists_and_json(tmp_path):
    path = write(tmp_path, TSV)
    lines = {language: write(tmp_path, text, language) for language, text in ROW.items()}
    for some in ([path, lines], (lines, path), json.dumps([path, lines])):
        assert texts(read_rows(some)) == [ROW] * 2
    assert texts(read_rows(json.dumps(lines))) == [ROW]


@pytest.mark.parametrize(
    "source, file_format, got",
    [
        ({"en": "a"}, None, "{'en': 'a'}"),
        ({"en": "a", "de": ["b"]}, None, "{'en': 'a', 'de': ['b']}"),
        ({"en": "a", "de": "b"}, "tsv", "{'en': 'a', 'de': 'b'}"),
        ("a", "lines", "'a'"),
        ("", None, "''"),
        ([1], None, "1"),
    ],
)
def test_refused_inputs(source, file_format, got):
    message = (
        "input of parallel_text: expected a file of all languages, a mapping of at least two "
        f"languages to a file each, or a list of such; got {got}"
    )
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"):
        list(read_rows(source, file_format))
