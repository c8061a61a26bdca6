import json

import pytest

from skd_plugin.dataset_readers import JsonlTaggingReader, Sentence
from tests.dataset_readers.reading import read, write

TOKENS = ["Ada", "Lovelace", "met", "Charles", "Babbage"]


def sentences(tmp_path, *items, **options):
    content = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    return read(JsonlTaggingReader(**options), write(tmp_path, content))


def test_tags(tmp_path):
    assert sentences(tmp_path, {"tokens": ["Ада", "поёт"], "tags": ["B-PER", "O"]}) == [
        Sentence(["Ада", "поёт"], ["B-PER", "O"], "und")
    ]


@pytest.mark.parametrize(
    "encoding, tags",
    [
        ("BIO", "B-PER I-PER O B-PER B-ORG"),
        ("BIOES", "B-PER L-PER O U-PER U-ORG"),
        ("IOB1", "I-PER I-PER O I-PER I-ORG"),
    ],
)
def test_spans(tmp_path, encoding, tags):
    spans = [{"start": 3, "end": 4, "label": "PER", "id": 1}, [0, 2, "PER"], [4, 5, "ORG"]]
    (sentence,) = sentences(tmp_path, {"tokens": TOKENS, "spans": spans}, label_encoding=encoding)
    assert sentence.tags == tags.split()


def test_no_spans_are_a_label_and_nothing_is_none(tmp_path):
    items = [{"tokens": ["a"], "spans": []}, {"tokens": ["a"]}, {"tokens": ["a"], "tags": None}]
    assert [sentence.tags for sentence in sentences(tmp_path, *items)] == [["O"], None, None]


def test_language_and_keys_of_the_user(tmp_path):
    items = [{"id": 3, "tokens": ["a"], "language": "fr"}, {"tokens": ["b"], "source": {"x": 1}}]
    assert sentences(tmp_path, *items, language="en") == [
        Sentence(["a"], None, "fr"),
        Sentence(["b"], None, "en"),
    ]


def test_escapes_line_ends_and_empty_lines_at_the_end(tmp_path):
    path = write(tmp_path, '\ufeff{"tokens": ["\\u00e4", "\u2028"]}\r\n\r\n \n')
    assert read(JsonlTaggingReader(), path) == [Sentence(["ä", "\u2028"], None, "und")]
