"""What a report is made of, before it is HTML or Markdown."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Optional, Sequence, Union


class Cell(NamedTuple):
    """A cell of a table: text, what is written smaller after it, and an arrow."""

    text: str
    small: str = ""
    mark: str = ""
    strong: bool = False


class Column(NamedTuple):
    """The head of a column; numbers stand to the right, text to the left."""

    title: str
    is_text: bool = False


class Rows(NamedTuple):
    """Rows of a table that belong together, perhaps under a title."""

    title: Optional[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[Column]
    groups: Sequence[Rows]


class Picture(NamedTuple):
    """A drawing as the address of an image, and what it shows in words; widths are in pixels."""

    source: str
    alt: str
    width: int
    least_width: int = 280


@dataclass(frozen=True)
class Figure:
    """Pictures under one caption."""

    kind: ClassVar[str] = "figure"
    caption: str
    pictures: Sequence[Picture]


class HeatCell(NamedTuple):
    """A probability, and the colours to show it in."""

    text: str
    background: str
    color: str
    is_gold: bool


class HeatMap(NamedTuple):
    """Probabilities of labels (columns) for tokens (rows)."""

    title: str
    labels: Sequence[str]
    tokens: Sequence[str]
    rows: Sequence[Sequence[HeatCell]]


@dataclass(frozen=True)
class Sentence:
    """Heat maps of one sentence, side by side."""

    kind: ClassVar[str] = "sentence"
    language: str
    title: str
    maps: Sequence[HeatMap]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    kind: ClassVar[str] = "points"
    items: Sequence[str]


Block = Union[Table, Figure, Sentence, Text, Points]


class Section(NamedTuple):
    """A part of the report; its name is its anchor."""

    name: str
    title: str
    blocks: Sequence[Block]
