import pytest

from skd_plugin.dataset_readers import ConlluTaggingReader, Sentence
from tests.dataset_readers.reading import read, write


def conllu(*rows: str) -> str:
    """Rows of blanks-separated columns, the missing ones filled with `_`; "" ends a sentence."""
    lines = []
    for row in rows:
        columns = row.split() if not row.startswith("#") else [row]
        filled = columns + ["_"] * (10 - len(columns)) if len(columns) > 1 else columns
        lines.append("\t".join(filled))
    return "\n".join(lines) + "\n"


GERMAN = conllu(
    "# sent_id = 1",
    "# text = Er ging zum Haus.",
    "1 Er er PRON PPER Case=Nom|Number=Sing 2 nsubj:pass",
    "2 ging gehen VERB VVFIN Number=Sing 0 root",
    "3-4 zum",
    "3 zu zu ADP APPR _ 5 case",
    "4 dem der DET ART Case=Dat 5 det",
    "4.1 Nichts nichts NOUN",
    "5 Haus Haus NOUN NN Case=Dat 2 obl",
    "6 . . PUNCT $. _ 2 punct",
    "",
)
WORDS = ["Er", "ging", "zu", "dem", "Haus", "."]


@pytest.mark.parametrize(
    "options, tags",
    [
        ({}, "PRON VERB ADP DET NOUN PUNCT"),
        ({"column": "xpos"}, "PPER VVFIN APPR ART NN $."),
        ({"column": "deprel"}, "nsubj:pass root case det obl punct"),
        ({"column": "deprel", "strip_subtypes": True}, "nsubj root case det obl punct"),
        ({"column": "feats:Case"}, "Nom _ _ Dat Dat _"),
        ({"column": "feats:Tense"}, "_ _ _ _ _ _"),
        ({"column": "head"}, "2 0 5 5 2 2"),
        ({"column": "lemma"}, "er gehen zu der Haus ."),
    ],
)
def test_columns(tmp_path, options, tags):
    reader = ConlluTaggingReader(**options)
    assert read(reader, {"de": write(tmp_path, GERMAN)}) == [Sentence(WORDS, tags.split(), "de")]


def test_words_are_those_that_ud_evaluation_counts(tmp_path):
    path = write(
        tmp_path,
        conllu(
            "0.1 e e PRON",
            "1-3 dámelo",
            "1 da dar VERB",
            "2 me yo PRON",
            "2.1 e e PRON",
            "2.2 e e PRON",
            "3 lo él PRON",
            "4-5 al",
            "4 a a ADP",
            "5 el el DET",
        ),
    )
    assert read(ConlluTaggingReader(), path) == [
        Sentence(["da", "me", "lo", "a", "el"], ["VERB", "PRON", "PRON", "ADP", "DET"], "und")
    ]


def test_underscores_in_heads_and_feats_do_not_matter(tmp_path):
    path = write(tmp_path, conllu("1 a _ DET", "2 b _ NOUN odd|Feats == x x|y x"))
    assert read(ConlluTaggingReader(), path) == [Sentence(["a", "b"], ["DET", "NOUN"], "und")]


def test_a_sentence_without_any_tag_is_unlabelled(tmp_path):
    path = write(tmp_path, conllu("1 a", "2 b", "", "1 c _ X"))
    for options in ({}, {"strip_subtypes": True}):
        assert read(ConlluTaggingReader(**options), path) == [
            Sentence(["a", "b"], None, "und"),
            Sentence(["c"], ["X"], "und"),
        ]


def test_an_underscore_and_a_number_sign_are_words(tmp_path):
    path = write(tmp_path, conllu("1 _ _ PUNCT", "2 # # SYM"))
    assert read(ConlluTaggingReader(), path) == [Sentence(["_", "#"], ["PUNCT", "SYM"], "und")]


def test_words_with_a_space(tmp_path):
    line = "1\t10 000\t10 000\tNUM\t_\t_\t_\t_\t_\t_\n"
    assert read(ConlluTaggingReader(), write(tmp_path, line)) == [
        Sentence(["10 000"], ["NUM"], "und")
    ]


def test_line_ends_byte_order_mark_and_empty_lines(tmp_path):
    content = "\ufeff" + GERMAN.replace("\n", "\r\n") + "\r\n \r\n" + GERMAN.rstrip("\n")
    expected = Sentence(WORDS, "PRON VERB ADP DET NOUN PUNCT".split(), "und")
    assert read(ConlluTaggingReader(), write(tmp_path, content)) == [expected, expected]


def test_odd_comments_do_not_matter(tmp_path):
    content = "#\n# =\n# newdoc\n# global.columns = ID FORM\n#  text = a  b\n" + GERMAN
    assert len(read(ConlluTaggingReader(), write(tmp_path, content))) == 1
