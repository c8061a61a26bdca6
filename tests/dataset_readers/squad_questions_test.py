"""Questions in the JSON of SQuAD, windows of their passages, and what is wrong with them."""

import gzip
import json
import logging
import re

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from skd_plugin.dataset_readers import DataError, SquadQuestionReader
from skd_plugin.dataset_readers.squad_files import Answer, Question, read_questions
from skd_plugin.dataset_readers.squad_questions import NOWHERE
from tests.dataset_readers.reading import write
from tests.runs import ROOT

XQUAD = ROOT / "fixtures" / "suites" / "xquad"
CONTEXT = "a b c d e f g h"


def squad(context=CONTEXT, **item):
    """A file of one question."""
    item = {"id": "q", "question": "What?", "answers": [], **item}
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [item]}]}]})


def answer(text, start):
    return {"text": text, "answer_start": start}


def found(instance):
    """The words of a window, and the answer that it has by their offsets."""
    metadata = instance["metadata"].metadata
    start, end = instance["start"].label, instance["end"].label
    assert (start == NOWHERE) == (end == NOWHERE)
    words = " ".join(token.text for token in instance["passage"])
    if start == NOWHERE:
        return words, None
    offsets = metadata["offsets"]
    return words, metadata["context"][offsets[start - 1][0] : offsets[end - 1][1]]


def test_windows_have_the_whole_passage():
    reader = SquadQuestionReader(window=4, overlap=2)
    question = Question("q", "What?", CONTEXT, [Answer("e f", 8)])
    assert [found(window) for window in reader.instances(question, "en")] == [
        ("a b c d", None),
        ("c d e f", "e f"),
        ("e f g h", "e f"),
    ]


@pytest.mark.parametrize("num_tokens", range(1, 12))
@pytest.mark.parametrize("window, overlap", [(1, 0), (3, 0), (3, 1), (5, 3), (20, 4)])
def test_answers_up_to_the_overlap_are_whole_in_a_window(num_tokens, window, overlap):
    words = [f"w{number}" for number in range(num_tokens)]
    context = " ".join(words)
    reader = SquadQuestionReader(window=window, overlap=overlap)
    for length in range(1, max(1, overlap) + 1):
        for first in range(num_tokens - length + 1):
            text = " ".join(words[first : first + length])
            start = len(" ".join(words[:first])) + (first > 0)
            windows = reader.instances(Question("q", "?", context, [Answer(text, start)]))
            assert text in [found(one)[1] for one in windows]
            assert [len(one["passage"]) for one in windows[:-1]] == [window] * (len(windows) - 1)
            assert set(words) == {token.text for one in windows for token in one["passage"]}


def test_what_is_counted(tmp_path, caplog):
    lost = write(tmp_path, squad(answers=[answer("b c d", 2)]), "lost")
    cutting = write(tmp_path, squad("the 1990s, or so", answers=[answer("1990", 4)]), "cutting")
    reader = SquadQuestionReader(window=3, overlap=1)
    with caplog.at_level(logging.INFO):
        windows = [found(window) for window in reader.read([lost, cutting])]
    assert f"{lost}: 1 questions in 4 windows; 1 answers are whole in none; 0 begin" in caplog.text
    assert f"{cutting}: 1 questions in 2 windows; 0 answers are whole in none; 1 b" in caplog.text
    assert windows[:4] == [(words, None) for words in ("a b c", "c d e", "e f g", "g h")]
    assert windows[4] == ("the 1990s ,", "1990s")


def test_characters_where_there_are_no_spaces():
    reader = SquadQuestionReader()
    (window,) = reader.instances(Question("q", "谁?", "昨天安娜来了。", [Answer("安娜", 2)]))
    assert found(window) == ("昨 天 安 娜 来 了 。", "安娜")


def test_what_an_instance_holds():
    reader = SquadQuestionReader(max_question_tokens=2)
    question = Question("q", "Which of them?", "It is  b.", [Answer("b", 7), Answer("b.", 7)])
    (window,) = reader.instances(question, "en")
    assert [token.text for token in window["question"]] == ["Which", "of"]
    assert window["metadata"].metadata == {
        "language": "en",
        "id": "q",
        "context": "It is  b.",
        "answers": ["b", "b."],
        "offsets": [(0, 2), (3, 5), (7, 8), (8, 9)],
    }
    assert (window["start"].label, window["end"].label) == (3, 3)
    reader.apply_token_indexers(window)
    assert Vocabulary.from_instances([window]).get_vocab_size("tokens") == 2 + 6
    (window,) = reader.instances(question._replace(answers=[]))
    assert "start" not in window.fields and "end" not in window.fields


def test_embedded_files(tmp_path):
    paths = {language: str(XQUAD / f"xquad.{language}.json") for language in ("de", "fr")}
    windows = list(SquadQuestionReader().read(json.dumps(paths)))
    assert [window["metadata"]["language"] for window in windows] == ["de", "de", "fr", "fr"]
    answers = ["Ein Schuhmacher", "40.000", "Un cordonnier", "40 000"]
    assert [found(window)[1] for window in windows] == answers
    zipped = write(tmp_path, gzip.compress((XQUAD / "dev-v1.1.json").read_bytes()))
    questions = list(read_questions(zipped))
    assert [len(question.answers) for question in questions] == [2, 3]


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
        list(SquadQuestionReader().read(path))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"window": 4, "overlap": 4}, "window, overlap: expected a window that is longer than th"),
        (
            {"overlap": -1},
            "window, overlap: expected a window that is longer than the overlap, got",
        ),
        ({"max_question_tokens": 0}, "max_question_tokens: expected 1 or more, got 0"),
        ({"tokenization": "letters"}, 'unknown tokenization "letters"'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ConfigurationError, match=message):
        SquadQuestionReader(**options)


@pytest.mark.parametrize("question, context", [("?", " "), (" ", "a")])
def test_nothing_to_read(question, context):
    with pytest.raises(ConfigurationError, match="has no tokens; expected at least one"):
        SquadQuestionReader().instances(Question("", question, context, []))
