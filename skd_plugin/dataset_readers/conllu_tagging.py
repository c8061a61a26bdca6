"""Universal Dependencies treebanks."""

import re
from typing import Any, Iterable, Iterator, List, Tuple

import conllu
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.sentence import DataError, Sentence
from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
# Taken as they stand; the library reads the ids, and the features as a mapping.
_AS_IS = {
    name: lambda columns, index: columns[index] for name in COLUMNS if name not in ("id", "feats")
}
_NUMBER = r"([1-9][0-9]*)"
_IDS = (_NUMBER, f"{_NUMBER}-{_NUMBER}", rf"([0-9]+)\.{_NUMBER}")
_WORD, _RANGE, _EMPTY = (re.compile(form) for form in _IDS)

Block = List[Tuple[int, str]]
"""A sentence: the numbers of its lines, and these."""


@DatasetReader.register("conllu_tagging")
class ConlluTaggingReader(TaggingDatasetReader):
    """
    Reads one column of CoNLL-U, through the `conllu` library.

    Tokens are the syntactic words, as UD evaluation counts them: the surface forms of multiword tokens (lines `1-2`)
    and empty nodes (lines `8.1`) are left out. A sentence of which every word has `_` in the column is unlabelled.

    # Parameters

    column : `str`, optional (default = `"upos"`)
        "upos", "xpos", "deprel", or another column's name; "feats:Case" reads one feature, `_` where a word has none.
    strip_subtypes : `bool`, optional (default = `False`)
        Read `nsubj:pass` as `nsubj`.
    """

    def __init__(self, column: str = "upos", strip_subtypes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._column, _, self._feature = column.partition(":")
        if self._column not in COLUMNS or (self._column == "feats") != bool(self._feature):
            names = ", ".join(name for name in COLUMNS if name != "feats")
            raise ConfigurationError(
                f'column "{column}": expected one of {names}, or a feature such as feats:Case'
            )
        self._strip_subtypes = strip_subtypes

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        for block in blocks(self.open_lines(path)):
            yield self._sentence(path, block)

    def _sentence(self, path: str, block: Block) -> Sentence:
        words, tokens = words_of(path, block)
        tags = [self._tag(token) for token in tokens]
        empty = [number for number, tag in zip(words, tags) if tag == "_"]
        if self._feature or not empty:
            return Sentence([token["form"] for token in tokens], tags)
        if len(empty) < len(tags):
            expected = "a tag, as other words of the sentence have"
            raise DataError(path, empty[0], f"_ in column {self._column.upper()}", expected)
        return Sentence([token["form"] for token in tokens])

    def _tag(self, token: Any) -> str:
        if self._feature:
            return (token["feats"] or {}).get(self._feature) or "_"
        tag = str(token[self._column])
        return tag.partition(":")[0] if self._strip_subtypes else tag


def blocks(lines: Iterable[Tuple[int, str]]) -> Iterator[Block]:
    """The sentences of a file."""
    block: Block = []
    for number, line in lines:
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def words_of(path: str, block: Block) -> Tuple[List[int], List[Any]]:
    """The syntactic words of a sentence: the numbers of their lines, and what `conllu` makes of them."""
    lines = [(number, line) for number, line in block if not line.startswith("#")]
    numbers = _check_ids(path, lines, block[0][0])
    text = "\n".join(line for _, line in lines) + "\n\n"
    try:
        (parsed,) = conllu.parse(text, fields=COLUMNS, field_parsers=_AS_IS)
    except (conllu.exceptions.ParseException, ValueError) as error:
        raise DataError(path, block[0][0], f"a sentence that is no CoNLL-U: {error}", "CoNLL-U")
    return numbers, [token for token in parsed if isinstance(token["id"], int)]


def _check_ids(path: str, lines: List[Tuple[int, str]], first_line: int) -> List[int]:
    """The numbers of the lines that hold words; `DataError` for bad columns and ids."""
    words: List[int] = []
    last_of_range, range_line = 0, first_line
    for number, line in lines:
        columns = _columns(path, number, line)
        word, span, empty = (form.fullmatch(columns[0]) for form in (_WORD, _RANGE, _EMPTY))
        following = len(words) + 1
        if word and int(word[1]) == following:
            words.append(number)
        elif span and int(span[1]) == following and int(span[2]) >= following > last_of_range:
            last_of_range, range_line = int(span[2]), number
        elif not (empty and int(empty[1]) == len(words)):
            expected = f"the word {following}, a range from {following}, or an empty node after {len(words)}"
            raise DataError(path, number, f"id {columns[0]}", expected)
    if not words:
        raise DataError(path, first_line, "a sentence without words", "at least one")
    if last_of_range > len(words):
        found = f"a range up to {last_of_range} in a sentence of {len(words)} words"
        raise DataError(path, range_line, found, "ranges inside the sentence")
    return words


def _columns(path: str, number: int, line: str) -> List[str]:
    columns = line.split("\t")
    if len(columns) != len(COLUMNS):
        raise DataError(path, number, f"{len(columns)} tab-separated columns", str(len(COLUMNS)))
    for name, column in zip(COLUMNS, columns):
        if not column:
            raise DataError(path, number, f"an empty column {name.upper()}", "_ or a value")
        if "  " in column:
            # UD allows no two spaces; the library would take them for the end of a column.
            raise DataError(path, number, f"two spaces in column {name.upper()}", "one at a time")
    return columns
