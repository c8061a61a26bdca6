"""Labelled pairs of sentences in columns."""

from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from skd_plugin.dataset_readers.input_files import open_lines
from skd_plugin.dataset_readers.sentence import DataError


class Pair(NamedTuple):
    """
    # Parameters

    first, second, label : `str`
    language : `str`, optional
        If the file has a column of languages.
    """

    first: str
    second: str
    label: str
    language: Optional[str]


class Layout(NamedTuple):
    """
    The columns of a format, and its labels with what they are called here.

    # Parameters

    first, second, label : `str`
    labels : `Dict[str, str]`
    """

    first: str
    second: str
    label: str
    labels: Dict[str, str]


ENTAILMENT = {label: label for label in ("entailment", "neutral", "contradiction")}
LAYOUTS = [
    # XNLI, and MultiNLI itself.
    Layout("sentence1", "sentence2", "gold_label", ENTAILMENT),
    # The translations of MultiNLI that come with XNLI.
    Layout("premise", "hypo", "label", {**ENTAILMENT, "contradictory": "contradiction"}),
    # PAWS and PAWS-X.
    Layout("sentence1", "sentence2", "label", {"0": "0", "1": "1"}),
]
# What PAWS-X has in the place of a sentence that was not translated.
NOT_TRANSLATED = "NS"


def read_pairs(path: str) -> Iterator[Union[Pair, DataError]]:
    """
    Lines of tab-separated columns, of which the first says what they are: those of XNLI, of the translated MultiNLI or
    of PAWS-X. Quotes are as all other characters. A line with a fault gives it, and the next one is read.

    # Raises

    `DataError` for a first line that is none of these.
    """
    lines = open_lines(path)
    columns = next(lines, (1, ""))[1].split("\t")
    layout = _layout(path, columns)
    for number, line in lines:
        try:
            yield _pair(path, number, dict(_cells(path, number, line, columns)), layout)
        except DataError as error:
            yield error


def _layout(path: str, columns: List[str]) -> Layout:
    for layout in LAYOUTS:
        if set(layout[:3]) <= set(columns):
            return layout
    known = " or ".join(", ".join(layout[:3]) for layout in LAYOUTS)
    found = repr("\t".join(columns)[:80])
    raise DataError(path, 1, found, f"tab-separated names of columns, among them {known}")


def _cells(path: str, number: int, line: str, columns: List[str]) -> Iterator[Tuple[str, str]]:
    cells = line.split("\t")
    if len(cells) != len(columns):
        expected = f"{len(columns)}, as in the first line"
        raise DataError(path, number, f"{len(cells)} tab-separated columns", expected)
    yield from zip(columns, cells)


def _pair(path: str, number: int, cells: Dict[str, str], layout: Layout) -> Pair:
    for column in (layout.first, layout.second):
        text = cells[column].strip()
        if not text or text == NOT_TRANSLATED:
            found = f'"{text}" in column {column}' if text else f"an empty column {column}"
            raise DataError(path, number, found, "a sentence (or skip_faulty)")
    label = layout.labels.get(cells[layout.label].strip())
    if label is None:
        expected = f"one of {', '.join(layout.labels)} (or skip_faulty)"
        raise DataError(path, number, f'label "{cells[layout.label]}"', expected)
    language = cells.get("language", "").strip() or None
    return Pair(cells[layout.first], cells[layout.second], label, language)
