"""A sentence as readers see it, and the message where the input is bad."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance

_to_json = json.JSONEncoder(ensure_ascii=False).encode  # made once: `json.dumps` makes one a call

UNLABELED = -100
"""The index of the tag of every token of a sentence without gold tags."""


@dataclass
class Sentence:
    """
    What a reader reads.

    # Parameters

    tokens : `List[str]`
    tags : `List[str]`, optional
        One a token; `None` if the sentence is unlabelled.
    language : `str`, optional
        If the sentence itself says it.
    """

    tokens: List[str]
    tags: Optional[List[str]] = None
    language: Optional[str] = None


class DataError(ConfigurationError):
    """Bad input: which file and line, what was found there, and what was expected."""

    def __init__(self, path: str, line: Optional[int], found: str, expected: str) -> None:
        where = path if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: found {found}; expected {expected}")
        self.args = (path, line, found, expected)

    def __reduce__(self) -> Tuple[Any, ...]:
        return DataError, self.args


def sentence_key(tokens: Sequence[str], language: str) -> str:
    """A hexadecimal key of content and language, the same in every process and for every reader."""
    content = _to_json([language, list(tokens)])
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def is_labeled(instance: Instance) -> bool:
    """Whether an instance has gold tags; one of a stock reader has."""
    tags = instance.fields.get("tags")
    return tags is None or tags.labels[0] != UNLABELED  # type: ignore[attr-defined]
