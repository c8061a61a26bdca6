import itertools

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_utils import to_bioul
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from skd_plugin.dataset_readers.tag_encodings import (
    TagError,
    convert_tags,
    known_encoding,
    spans_to_tags,
    tags_to_spans,
)

ENCODINGS = ["BIO", "IOB1", "BIOUL", "BMES"]
encodings = st.sampled_from(ENCODINGS)


@st.composite
def sentences(draw):
    """Spans, some of which touch, and the number of tokens."""
    pieces = draw(
        st.lists(st.tuples(st.sampled_from(["PER", "X-Y", None]), st.integers(1, 4)), max_size=8)
    )
    spans, position = [], 0
    for label, length in pieces:
        if label is not None:
            spans.append((label, position, position + length - 1))
        position += length
    return spans, position


@given(sentences(), encodings)
def test_spans_survive_every_encoding(sentence, encoding):
    spans, num_tokens = sentence
    tags = spans_to_tags(spans, num_tokens, encoding)
    assert len(tags) == num_tokens
    assert tags_to_spans(tags, encoding) == spans
    assert tags_to_spans(tags, encoding, strict=False) == spans


@given(sentences(), encodings, encodings)
def test_conversion_there_and_back_changes_nothing(sentence, source, target):
    tags = spans_to_tags(*sentence, source)
    assert convert_tags(convert_tags(tags, source, target), target, source) == tags


@given(sentences(), st.sampled_from(["BIO", "IOB1"]))
def test_conversion_agrees_with_allennlp(sentence, source):
    tags = spans_to_tags(*sentence, source)
    assert convert_tags(tags, source, "BIOUL") == to_bioul(tags, encoding=source)


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), max_size=12))
def test_lenient_reading_agrees_with_seqeval(tags):
    assert tags_to_spans(tags, "BIO", strict=False) == get_entities(tags)


@pytest.mark.parametrize("encoding, prefixes", [("BIO", "BI"), ("BIOUL", "BILU"), ("BMES", "BMES")])
def test_strict_reading_refuses_exactly_what_cannot_be_written(encoding, prefixes):
    alphabet = ["O"] + [f"{prefix}-{label}" for prefix in prefixes for label in "AB"]
    for num_tokens in range(4):
        for tags in itertools.product(alphabet, repeat=num_tokens):
            lenient = tags_to_spans(tags, encoding, strict=False)
            if spans_to_tags(lenient, num_tokens, encoding) == list(tags):
                assert tags_to_spans(tags, encoding) == lenient
            else:
                with pytest.raises(TagError):
                    tags_to_spans(tags, encoding)


def test_iob1_begins_a_span_with_b_only_where_spans_of_one_label_touch():
    spans = [("A", 0, 0), ("A", 1, 2), ("B", 3, 3), ("B", 5, 5)]
    tags = ["I-A", "B-A", "I-A", "I-B", "O", "I-B"]
    assert spans_to_tags(spans, 6, "IOB1") == tags
    assert tags_to_spans(tags, "IOB1") == spans
    assert convert_tags(tags, "IOB1", "BIO") == ["B-A", "B-A", "I-A", "B-B", "O", "B-B"]


def test_bioes_is_read_and_written_as_bioul():
    tags = ["S-A", "B-A", "I-A", "E-A", "O", "U-B", "B-B", "L-B"]
    written = ["U-A", "B-A", "I-A", "L-A", "O", "U-B", "B-B", "L-B"]
    assert convert_tags(tags, "BIOES", "BILOU") == written


def test_bmes():
    spans = [("A", 0, 2), ("A", 3, 3), ("B", 4, 5)]
    tags = ["B-A", "M-A", "E-A", "S-A", "B-B", "E-B"]
    assert spans_to_tags(spans, 6, "BMES") == tags
    assert tags_to_spans(tags, "BMES") == spans


@pytest.mark.parametrize(
    "tags, encoding, position, message",
    [
        (["O", "I-A"], "BIO", 1, 'tag "I-A" where no span of A is open'),
        (["B-A", "I-B"], "BIO", 1, 'tag "I-B" where no span of B is open'),
        (["B-A", "O"], "BIOUL", 1, 'tag "O" where the span of A is still open'),
        (["B-A", "L-B"], "BIOUL", 1, 'tag "L-B" where the span of A is still open'),
        (["U-A", "L-A"], "BIOUL", 1, 'tag "L-A" where no span of A is open'),
        (["B-A", "M-A"], "BMES", 1, "the end of the sentence where the span of A is still open"),
        (["S-A"], "BIO", 0, 'tag "S-A": BIO has O, and before a label B-, I-'),
        (["o"], "IOB2", 0, 'tag "o": BIO has O, and before a label B-, I-'),
        (["B-"], "IOB1", 0, 'tag "B-": IOB1 has O, and before a label B-, I-'),
        (["M-A"], "BIOES", 0, 'tag "M-A": BIOUL has O, and before a label B-, I-, L-, E-, U-, S-'),
    ],
)
def test_impossible_tags(tags, encoding, position, message):
    with pytest.raises(TagError) as caught:
        tags_to_spans(tags, encoding)
    assert (caught.value.position, str(caught.value)) == (position, message)


def test_lenient_reading_takes_unknown_tags_for_none():
    assert tags_to_spans(["X-A", "B-", "odd", "I-A", "_"], "BIO", strict=False) == [("A", 3, 3)]


@pytest.mark.parametrize(
    "spans, message",
    [
        ([("A", 0, 1), ("B", 1, 2)], "the span of tokens 1 to 2 overlaps another one"),
        ([("A", 1, 3)], "the span of tokens 1 to 3 does not lie in 3 tokens"),
        ([("A", -1, 0)], "the span of tokens -1 to 0 does not lie in 3 tokens"),
        ([("A", 1, 0)], "the span of tokens 1 to 0 does not lie in 3 tokens"),
    ],
)
def test_impossible_spans(spans, message):
    with pytest.raises(ValueError) as caught:
        spans_to_tags(spans, 3, "BIO")
    assert str(caught.value) == message


def test_names_of_encodings():
    names = ["BIO", "IOB2", "iob1", "BIOES", "BILOU", "IOBES", "bmes"]
    assert [known_encoding(name) for name in names] == [
        *("BIO", "BIO", "IOB1", "BIOUL", "BIOUL", "BIOUL", "BMES")
    ]
    with pytest.raises(ConfigurationError) as caught:
        known_encoding("BIOX")
    assert str(caught.value) == (
        'unknown encoding of tags "BIOX"; expected one of '
        "BIO, IOB1, BIOUL, BMES, IOB2, BIOES, BILOU, IOBES"
    )
