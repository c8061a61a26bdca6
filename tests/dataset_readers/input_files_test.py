import gzip
import json
import zipfile
from pathlib import Path

import pytest
from allennlp.common import Params
from allennlp.data import DataLoader

from skd_plugin.dataset_readers import (
    DataError,
    Sentence,
)
from tests.dataset_readers.reading import SlashReader, read, words_of, write

MODULE = "skd_plugin.dataset_readers.input_files"


def test_kinds_of_input(two_files):
    one, two = two_files["en"], two_files["de"]
    words = [f"s{number}" for number in range(5)] + [f"t{number}" for number in range(4)]
    for source in [
        [one, two],
        (Path(one), Path(two)),
        {"en": one, "de": two},
        {"en": [one, Path(two)]},
        json.dumps({"en": one, "de": two}),
        json.dumps({"en": [one, two]}),
        " " + json.dumps([one, two]),
        Params({"en": one, "de": [two]}),
    ]:
        assert words_of(SlashReader().read(source)) == words
    assert words_of(SlashReader().read(Path(one))) == words[:5]
    languages = [sentence.language for sentence in read(SlashReader(), json.dumps(two_files))]
    assert languages == ["en"] * 5 + ["de"] * 4


def test_a_mapping_reaches_the_reader_from_a_config(two_files):
    params = Params({"type": "multiprocess", "batch_size": 9, "data_path": two_files})
    loader = DataLoader.from_params(params, reader=SlashReader())
    languages = [instance["metadata"]["language"] for instance in loader.iter_instances()]
    assert languages == ["en"] * 5 + ["de"] * 4


def test_gzip_byte_order_mark_and_line_ends(tmp_path):
    content = "\ufeffÄda/PER\r\nsings/O\r\n".encode()
    for data in (content, gzip.compress(content)):
        path = write(tmp_path, data)
        assert list(SlashReader().open_lines(path)) == [(1, "Äda/PER"), (2, "sings/O")]
        assert read(SlashReader(), path)[0] == Sentence(["Äda"], ["PER"], "und")


def test_only_line_feeds_end_a_line(tmp_path):
    path = write(tmp_path, "a\u2028b/X c\x0bd\x85e/Y\n")
    assert [line for _, line in SlashReader().open_lines(path)] == ["a\u2028b/X c\x0bd\x85e/Y"]


def test_urls_go_through_cached_path(tmp_path, monkeypatch):
    path, asked = write(tmp_path, gzip.compress(b"a/X\n")), []
    monkeypatch.setattr(f"{MODULE}.cached_path", lambda url, **_: asked.append(url) or path)
    url = "https://example.org/corpus.gz"
    assert words_of(SlashReader().read({"en": url})) == ["a"]
    assert asked == [url]


def test_files_in_archives(tmp_path, monkeypatch):
    monkeypatch.setattr("allennlp.common.file_utils.CACHE_DIRECTORY", str(tmp_path / "cache"))
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("en/train.txt", "a/X\n")
    assert words_of(SlashReader().read(f"{archive}!en/train.txt")) == ["a"]
    assert words_of(SlashReader().read(write(tmp_path, "b/X\n", "wow!.txt"))) == ["b"]


def test_an_empty_file_between_others_is_an_error(tmp_path, two_files):
    empty = write(tmp_path, "", "empty")
    with pytest.raises(DataError) as caught:
        list(SlashReader().read([two_files["en"], empty]))
    assert str(caught.value) == f"{empty}: found no sentence; expected at least one"
