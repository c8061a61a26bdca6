import gzip
import logging

import pytest

from skd_plugin.dataset_readers import PlainTextReader, Sentence
from tests.dataset_readers.reading import read, write

TEXT = "Don't stop, Ada!\n\n東京で会う。 OK\n \n"


@pytest.mark.parametrize(
    "tokenization, first, second",
    [
        ("whitespace", "Don't|stop,|Ada!", "東京で会う。|OK"),
        ("words", "Don't|stop|,|Ada|!", "東京で会う|。|OK"),
        ("characters", "Don|'|t|stop|,|Ada|!", "東|京|で|会|う|。|OK"),
        ("auto", "Don't|stop|,|Ada|!", "東|京|で|会|う|。|OK"),
    ],
)
def test_tokenizations(tmp_path, tokenization, first, second):
    reader = PlainTextReader(tokenization=tokenization)
    assert read(reader, {"en": write(tmp_path, TEXT)}) == [
        Sentence(first.split("|"), None, "en"),
        Sentence(second.split("|"), None, "en"),
    ]


def test_gzip_and_line_ends(tmp_path):
    path = write(tmp_path, gzip.compress("\ufeffa b\r\nc\r\n".encode()))
    assert [sentence.tokens for sentence in read(PlainTextReader(), path)] == [["a", "b"], ["c"]]


def test_empty_lines_are_counted_in_the_log(tmp_path, caplog):
    path = write(tmp_path, TEXT)
    with caplog.at_level(logging.INFO, logger="skd_plugin"):
        read(PlainTextReader(), path)
    assert caplog.messages == [f"{path}: 2 empty lines between sentences"]
