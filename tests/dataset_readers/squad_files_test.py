"""Questions in the JSON of SQuAD, and what is wrong with them."""

import gzip
import re

import pytest

from skd_plugin.dataset_readers import DataError
from skd_plugin.dataset_readers.squad_files import Answer, read_questions
from tests.dataset_readers.reading import write
from tests.dataset_readers.squad import answer, squad
from tests.runs import ROOT

DEV = ROOT / "fixtures" / "suites" / "xquad" / "dev-v1.1.json"


def test_any_of_several_answers_is_right(tmp_path):
    for path in (str(DEV), write(tmp_path, gzip.compress(DEV.read_bytes()))):
        assert [len(question.answers) for question in read_questions(path)] == [2, 3]


def test_an_answer_beside_its_place(tmp_path):
    path = write(tmp_path, squad("b a b", answers=[answer("b", 3)]))
    assert next(read_questions(path)).answers == [Answer("b", 4)]
    path = write(tmp_path, squad("b a b", answers=[answer("b", -1)]))
    assert next(read_questions(path)).answers == [Answer("b", 0)]


@pytest.mark.parametrize(
    "content, message",
    [
        ('{"data":\n x', ", line 2: found no JSON (Expecting value at column 2); expected the JSO"),
        (b'{"data": "\xff"}', ": found byte 0xff; expected UTF-8 text"),
        ("[]", ': found no list "data"; expected the JSON of SQuAD 1.1: {"data": [{"paragraphs"'),
        ('{"data": [{}]}', ': found no list "paragraphs"; expected the JSON of SQuAD 1.1'),
        ('{"data": []}', ": found no question; expected at least one"),
        (squad(context=" "), ": found context ' '; expected text"),
        (squad(question=None), ": found question None; expected text"),
        (squad(id=3), ": found id 3; expected text"),
        (squad(), ": found question q without answers; expected one, as in SQuAD 1.1"),
        (squad(answers=[answer("", 0)]), ": found text ''; expected text"),
        (squad(answers=[answer("a", "0")]), ": found answer_start '0' of question q; expected a n"),
        (
            squad(answers=[answer("x", 0)]),
            ': found the answer "x" of question q, which its passage does not have; expected a piece of the passage',
        ),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=re.escape(path + message)):
        list(read_questions(path))
