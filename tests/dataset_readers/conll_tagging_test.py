import pytest

from skd_plugin.dataset_readers import ConllTaggingReader, DataError, Sentence
from tests.dataset_readers.reading import read, write

CONLL_2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP I-ORG
rejects VBZ B-VP O
German JJ B-NP I-MISC

-DOCSTART- -X- -X- O

Peter NNP B-NP I-PER
Blackburn NNP I-NP I-PER
Ada NNP B-NP B-PER
"""


def sentences(tmp_path, content, **options):
    return read(ConllTaggingReader(**options), write(tmp_path, content))


@pytest.mark.parametrize(
    "options, first, second",
    [
        ({}, "I-ORG O I-MISC", "I-PER I-PER B-PER"),
        ({"tag_column": 1}, "NNP VBZ JJ", "NNP NNP NNP"),
        ({"tag_column": -2}, "B-NP B-VP B-NP", "B-NP I-NP B-NP"),
        ({"source_encoding": "IOB1"}, "I-ORG O I-MISC", "I-PER I-PER B-PER"),
        (
            {"source_encoding": "IOB1", "label_encoding": "IOB2"},
            "B-ORG O B-MISC",
            "B-PER I-PER B-PER",
        ),
        (
            {"source_encoding": "IOB1", "label_encoding": "BIOES"},
            "U-ORG O U-MISC",
            "B-PER L-PER U-PER",
        ),
        (
            {"source_encoding": "IOB1", "label_encoding": "BMES"},
            "S-ORG O S-MISC",
            "B-PER E-PER S-PER",
        ),
    ],
)
def test_columns_and_encodings(tmp_path, options, first, second):
    assert sentences(tmp_path, CONLL_2003, **options) == [
        Sentence(["EU", "rejects", "German"], first.split(), "und"),
        Sentence(["Peter", "Blackburn", "Ada"], second.split(), "und"),
    ]


def test_bioes_becomes_bio(tmp_path):
    content = "a B-X\nb I-X\nc E-X\nd S-Y\n"
    options = {"source_encoding": "BIOES", "label_encoding": "BIO"}
    assert sentences(tmp_path, content, **options)[0].tags == ["B-X", "I-X", "I-X", "B-Y"]


def test_without_an_encoding_tags_stay_as_they_are(tmp_path):
    assert sentences(tmp_path, "a I-X\nb odd\n")[0].tags == ["I-X", "odd"]


def test_docstart_ends_a_sentence(tmp_path):
    content = "a O\n-DOCSTART- -X- O\nb O\n-DOCSTART-\n"
    assert [sentence.tokens for sentence in sentences(tmp_path, content)] == [["a"], ["b"]]


def test_line_ends_byte_order_mark_and_blank_lines(tmp_path):
    content = "\ufeff\r\na\tO\r\nb  O \r\n \t\r\n\r\nc O"
    assert sentences(tmp_path, content) == [
        Sentence(["a", "b"], ["O", "O"], "und"),
        Sentence(["c"], ["O"], "und"),
    ]


def test_comments_stand_before_a_sentence(tmp_path):
    content = "# id 1\n# id 2\n# O\na O\n# O\n\n# id 3\nb O\n"
    assert [sentence.tokens for sentence in sentences(tmp_path, content, comment_prefix="# ")] == [
        *(["a", "#"], ["b"])
    ]
    with_all = sentences(tmp_path, "# O\na O\n")
    assert with_all == [Sentence(["#", "a"], ["O", "O"], "und")]


@pytest.mark.parametrize("delimiter, token", [("\t", "New York"), (",", "New York"), ("||", "a b")])
def test_delimiters(tmp_path, delimiter, token):
    content = f"1{delimiter}{token}{delimiter}B-LOC\n2{delimiter}is{delimiter} O\n"
    assert sentences(tmp_path, content, delimiter=delimiter, token_column=1) == [
        Sentence([token, "is"], ["B-LOC", "O"], "und")
    ]


def test_an_odd_space_may_stand_in_a_token(tmp_path):
    assert sentences(tmp_path, "10\u00a0000 O\n\u3000 O\n")[0].tokens == ["10\u00a0000", "\u3000"]


def test_wikiann(tmp_path):
    content = "en:Ada\tB-PER\nen::\tO\n\nru:Ада\tB-PER\n"
    assert sentences(tmp_path, content, language_prefix=True, language="de") == [
        Sentence(["Ada", ":"], ["B-PER", "O"], "en"),
        Sentence(["Ада"], ["B-PER"], "ru"),
    ]
    assert sentences(tmp_path, content)[0].tokens == ["en:Ada", "en::"]


def test_latin_1_where_it_is_allowed(tmp_path):
    content = "\ufeffKöln I-LOC\n".encode() + "Düren I-LOC\r\n\nÑ O\n".encode("latin-1")
    assert sentences(tmp_path, content, allow_latin_1=True) == [
        Sentence(["Köln", "Düren"], ["I-LOC", "I-LOC"], "und"),
        Sentence(["Ñ"], ["O"], "und"),
    ]
    with pytest.raises(DataError, match="line 2: found byte 0xfc at position 2; expected UTF-8"):
        sentences(tmp_path, content)


@pytest.mark.parametrize("options", [{}, {"source_encoding": "BIO"}, {"tag_column": 1}])
def test_a_sentence_without_the_tag_column_is_unlabelled(tmp_path, options):
    assert sentences(tmp_path, "a\nb\n\nc O\n", **options) == [
        Sentence(["a", "b"], None, "und"),
        Sentence(["c"], ["O"], "und"),
    ]


def test_an_empty_tag_column_is_a_missing_one(tmp_path):
    assert sentences(tmp_path, "en:a\t\nen:b\t\n", delimiter="\t") == [
        Sentence(["en:a", "en:b"], None, "und")
    ]


def test_tags_are_not_read_if_no_column_is_asked_for(tmp_path):
    assert sentences(tmp_path, "a B-X\nb\n", tag_column=None) == [Sentence(["a", "b"], None, "und")]


def test_columns_after_a_numbered_one_may_vary(tmp_path):
    assert sentences(tmp_path, "a X\nb Y more and more\n", tag_column=1)[0].tags == ["X", "Y"]
