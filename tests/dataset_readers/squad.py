"""Small files in the JSON of SQuAD."""

import json

CONTEXT = "a b c d e f g h"


def squad(context=CONTEXT, **item):
    """A file of one question."""
    item = {"id": "q", "question": "What?", "answers": [], **item}
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [item]}]}]})


def answer(text, start):
    return {"text": text, "answer_start": start}
