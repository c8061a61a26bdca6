"""Questions about passages, in the JSON of SQuAD."""

import json
from typing import Any, Iterator, List, NamedTuple

from skd_plugin.dataset_readers.input_files import open_bytes
from skd_plugin.dataset_readers.sentence import DataError

FORMAT = 'the JSON of SQuAD 1.1: {"data": [{"paragraphs": [{"context": ..., "qas": [...]}]}]}'


class Answer(NamedTuple):
    """
    # Parameters

    text : `str`
    start : `int`
        Of its first character in the passage.
    """

    text: str
    start: int


class Question(NamedTuple):
    """
    # Parameters

    id, text, context : `str`
        `context` is the passage that the question is about.
    answers : `List[Answer]`
        At least one; any of them is right.
    """

    id: str
    text: str
    context: str
    answers: List[Answer]


def read_questions(path: str) -> Iterator[Question]:
    """
    The questions of a file of SQuAD 1.1 (Rajpurkar et al., EMNLP 2016) or XQuAD (Artetxe et al., ACL 2020).

    # Raises

    `DataError` for another format, for a question without answers, as SQuAD 2.0 has them, and for an answer that is not
    in its passage.
    """
    found = False
    for paragraph in _paragraphs(path):
        for item in _list(path, paragraph, "qas"):
            found = True
            yield _question(path, item, _string(path, paragraph, "context"))
    if not found:
        raise DataError(path, None, "no question", "at least one")


def _paragraphs(path: str) -> Iterator[Any]:
    with open_bytes(path) as file:
        content = file.read()
    try:
        parsed = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        found = f"no JSON ({error.msg} at column {error.colno})"
        raise DataError(path, error.lineno, found, FORMAT)
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"byte 0x{error.object[error.start]:02x}", "UTF-8 text")
    for article in _list(path, parsed, "data"):
        yield from _list(path, article, "paragraphs")


def _question(path: str, item: Any, context: str) -> Question:
    name, text = _string(path, item, "id"), _string(path, item, "question")
    answers = [
        _answer(path, name, answer, context)
        for answer in (item.get("answers") or [])  # null, or none, in a test set without answers
    ]
    if not answers:
        raise DataError(path, None, f"question {name} without answers", "one, as in SQuAD 1.1")
    return Question(name, text, context, answers)


def _answer(path: str, question: str, item: Any, context: str) -> Answer:
    """One whose place is wrong by a little stands where its text is next to it."""
    text = _string(path, item, "text")
    start = item.get("answer_start")
    if not isinstance(start, int):
        raise DataError(path, None, f"answer_start {start!r} of question {question}", "a number")
    if start < 0 or not context.startswith(text, start):
        places = [place for place in range(len(context)) if context.startswith(text, place)]
        if not places:
            found = f'the answer "{text}" of question {question}, which its passage does not have'
            raise DataError(path, None, found, "a piece of the passage")
        start = min(places, key=lambda place: abs(place - start))
    return Answer(text, start)


def _list(path: str, item: Any, name: str) -> List[Any]:
    found = item.get(name) if isinstance(item, dict) else None
    if not isinstance(found, list):
        raise DataError(path, None, f'no list "{name}"', FORMAT)
    return found


def _string(path: str, item: Any, name: str) -> str:
    found = item.get(name) if isinstance(item, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise DataError(path, None, f"{name} {found!r}", "text")
    return found
