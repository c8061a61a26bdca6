"""Columns, as in CoNLL-2003 and its descendants."""

import re
from typing import Any, Iterator, List, Optional, Tuple

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.sentence import DataError, Sentence
from skd_plugin.dataset_readers.tag_encodings import TagError, convert_tags, known_encoding
from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader

_BLANKS = re.compile("[ \t]+")
Line = Tuple[int, List[str]]


@DatasetReader.register("conll_tagging")
class ConllTaggingReader(TaggingDatasetReader):
    """
    Reads one token a line in columns, with an empty line after each sentence.

    `-DOCSTART-` lines are skipped. A sentence whose lines all lack the tag column, or leave it empty, is unlabelled.

    # Parameters

    token_column : `int`, optional (default = `0`)
    tag_column : `int`, optional (default = `-1`)
        Negative counts from the end, in which case the column must be another than the token's; `None` reads
        unlabelled text.
    delimiter : `str`, optional (default = blanks and tabs)
    comment_prefix : `str`, optional (default = `None`)
        Lines that begin with it before the first token of a sentence are skipped, such as `"# "`. Inside a sentence
        they are tokens.
    source_encoding, label_encoding : `str`, optional (default = `None`)
        What the tags are in, and what the model shall see: "BIO" (IOB2), "IOB1", "BIOUL" (BIOES) or "BMES". With
        `source_encoding` impossible tags are refused; without it tags are taken as they are.
    language_prefix : `bool`, optional (default = `False`)
        Tokens begin with their language and a colon, as in WikiAnn: `en:London`.
    allow_latin_1 : `bool`, optional (default = `False`)
        Read lines that are not UTF-8 as ISO 8859-1, in which CoNLL-2002 and 2003 are distributed.
    """

    def __init__(
        self,
        token_column: int = 0,
        tag_column: Optional[int] = -1,
        delimiter: Optional[str] = None,
        comment_prefix: Optional[str] = None,
        source_encoding: Optional[str] = None,
        label_encoding: Optional[str] = None,
        language_prefix: bool = False,
        allow_latin_1: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if label_encoding and not source_encoding:
            raise ConfigurationError(
                "label_encoding needs source_encoding: say what the tags of the files are in"
            )
        if token_column < 0:
            raise ConfigurationError(f"token_column: expected 0 or more, got {token_column}")
        if tag_column == token_column:
            raise ConfigurationError(
                f"tag_column: expected another than token_column, {token_column}"
            )
        if delimiter == "":
            raise ConfigurationError('delimiter: expected at least one character, got ""')
        self._token_column = token_column
        self._tag_column = tag_column
        self._delimiter = delimiter
        self._comment_prefix = comment_prefix
        self._source_encoding = source_encoding and known_encoding(source_encoding)
        self._label_encoding = label_encoding and known_encoding(label_encoding)
        self._language_prefix = language_prefix
        self._allow_latin_1 = allow_latin_1

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        lines: List[Line] = []
        for number, line in self.open_lines(path):
            columns = self._split(line)
            if not line.strip() or line.startswith("-DOCSTART-"):
                if lines:
                    yield self._sentence(path, lines)
                lines = []
            elif self._comment_prefix and not lines and line.startswith(self._comment_prefix):
                continue
            else:
                lines.append((number, columns))
        if lines:
            yield self._sentence(path, lines)

    def open_lines(self, path: str) -> Iterator[Tuple[int, str]]:
        """The numbers (from 1) and lines of a file, without line ends."""
        if not self._allow_latin_1:
            yield from super().open_lines(path)
            return
        with self.open_bytes(path) as file:
            for number, line in enumerate(file, start=1):
                try:
                    text = line.decode("utf-8-sig")
                except UnicodeDecodeError:
                    text = line.decode("latin-1")
                yield number, text.rstrip("\r\n")

    def _split(self, line: str) -> List[str]:
        if self._delimiter is None:
            # Not `str.split()`: a no-break or an ideographic space may stand in a token.
            return _BLANKS.split(line.strip(" \t"))
        return [column.strip() for column in line.split(self._delimiter)]

    def _sentence(self, path: str, lines: List[Line]) -> Sentence:
        tokens, tags, languages = [], [], []
        for number, columns in lines:
            if len(columns) <= self._token_column or not columns[self._token_column]:
                found = (
                    f"{len(columns)} columns"
                    if len(columns) <= self._token_column
                    else "an empty token"
                )
                raise DataError(path, number, found, f"a token in column {self._token_column}")
            token = columns[self._token_column]
            if self._language_prefix:
                language, colon, token = token.partition(":")
                if not colon or not language or not token:
                    raise DataError(
                        path, number, f'token "{columns[self._token_column]}"', '"language:token"'
                    )
                languages.append(language)
                if language != languages[0]:
                    expected = f'"{languages[0]}", as in the sentence\'s first line'
                    raise DataError(path, number, f'language "{language}"', expected)
            tokens.append(token)
            tags.append(self._tag(columns))
        return Sentence(tokens, self._tags(path, lines, tags), next(iter(languages), None))

    def _tag(self, columns: List[str]) -> Optional[str]:
        if self._tag_column is None:
            return None
        column = self._tag_column + (len(columns) if self._tag_column < 0 else 0)
        if column == self._token_column or not 0 <= column < len(columns):
            return None
        return columns[column] or None

    def _tags(self, path: str, lines: List[Line], tags: List[Optional[str]]) -> Optional[List[str]]:
        present = [tag for tag in tags if tag is not None]
        if not present:
            return None
        if len(present) < len(tags):
            number, columns = lines[tags.index(None)]
            expected = f"a tag in column {self._tag_column}, as in the sentence's other lines"
            raise DataError(path, number, f'"{" ".join(columns)}" without a tag', expected)
        widths = {len(columns) for _, columns in lines}
        if len(widths) > 1 and self._tag_column is not None and self._tag_column < 0:
            number, columns = next(line for line in lines if len(line[1]) != len(lines[0][1]))
            expected = f"{len(lines[0][1])}, as in the sentence's first line"
            raise DataError(path, number, f"{len(columns)} columns", expected)
        if self._source_encoding is None:
            return present
        try:
            return convert_tags(
                present, self._source_encoding, self._label_encoding or self._source_encoding
            )
        except TagError as error:
            number = lines[error.position][0]
            raise DataError(path, number, str(error), f"tags in {self._source_encoding}")
