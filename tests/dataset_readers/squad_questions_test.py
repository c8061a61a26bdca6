"""Questions about passages, in windows."""

import json
import logging

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from skd_plugin.dataset_readers import SquadQuestionReader
from skd_plugin.dataset_readers.squad_files import Answer, Question
from skd_plugin.dataset_readers.squad_questions import NOWHERE
from tests.dataset_readers.reading import write
from tests.dataset_readers.squad import CONTEXT, answer, squad
from tests.runs import ROOT

XQUAD = ROOT / "fixtures" / "suites" / "xquad"


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


def test_embedded_files():
    paths = {language: str(XQUAD / f"xquad.{language}.json") for language in ("de", "fr")}
    windows = list(SquadQuestionReader().read(json.dumps(paths)))
    assert [window["metadata"]["language"] for window in windows] == ["de", "de", "fr", "fr"]
    answers = ["Ein Schuhmacher", "40.000", "Un cordonnier", "40 000"]
    assert [found(window)[1] for window in windows] == answers


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
