"""The rows of an experiment's files, read and checked."""

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Type, TypeVar

from allennlp.common.checks import ConfigurationError

Row = TypeVar("Row", bound=NamedTuple)


class Ablation(NamedTuple):
    """That a method is another one with one setting changed."""

    of: str
    parameter: str
    value: Any


class Method(NamedTuple):
    """A method, the group it is shown in, and what it is compared with."""

    name: str
    group: Optional[str]
    against: List[str]
    ablation: Optional[Ablation]


class Result(NamedTuple):
    """A run's value on one language."""

    method: str
    seed: int
    language: str
    split: str
    value: float
    counts: Dict[str, int]


class Score(NamedTuple):
    """A method on one language or on all ("macro"), over seeds."""

    method: str
    split: str
    language: str
    mean: float
    sd: Optional[float]
    low: float
    high: float
    seeds: List[int]


class Comparison(NamedTuple):
    """A method beside its reference."""

    method: str
    against: str
    split: str
    language: str
    difference: float
    low: float
    high: float
    p: float
    p_corrected: float
    p_sentences: float
    seeds: List[int]


class Gap(NamedTuple):
    """What share of the gap between baseline and teachers a method closes."""

    method: str
    split: str
    language: str
    value: Optional[float]
    low: Optional[float]
    high: Optional[float]
    note: Optional[str]


class Run(NamedTuple):
    """One run of the findings, what it cost, and the command that trains the same by hand."""

    name: str
    method: str
    seed: int
    language: Optional[str]
    status: str
    error: Optional[str]
    costs: Optional[Dict[str, Any]]
    curve: Optional[List[float]]
    command: Optional[str]


class Example(NamedTuple):
    """A sentence and what each method thinks of it: a row a token, a column a label."""

    language: str
    tokens: List[str]
    gold: List[str]
    labels: List[str]
    posteriors: Dict[str, List[List[float]]]


def read_json(path: Path) -> Any:
    """What a JSON file holds; an error says what is wrong with it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; expected one that `distill` wrote")
    except ValueError as error:
        raise ConfigurationError(f"{path}: expected JSON: {error}")


def records(kind: Type[Row], rows: List[Dict[str, Any]], where: str) -> List[Row]:
    """One record a row; fields that the kind does not have are passed over."""
    return [record(kind, row, f"{where}, row {number}") for number, row in enumerate(rows, 1)]


def record(kind: Type[Row], row: Dict[str, Any], where: str) -> Row:
    """A record from a row, by the names of its fields."""
    missing = [field for field in kind._fields if field not in row]
    if missing:
        raise ConfigurationError(
            f"{where}: expected the fields {', '.join(kind._fields)}; got none named {', '.join(missing)}"
        )
    return kind(*(row[field] for field in kind._fields))
