"""Parallel text in columns."""

from typing import Iterator

from skd_plugin.dataset_readers.input_files import open_lines
from skd_plugin.dataset_readers.parallel.rows import Row, Side
from skd_plugin.dataset_readers.sentence import DataError


def read_tsv(path: str) -> Iterator[Row]:
    """
    Lines of tab-separated columns; the first says what language each column is in, as `en<TAB>de`.

    # Raises

    `DataError` for names that are empty or come twice, and for a line with another number of columns.
    """
    lines = open_lines(path)
    header = next(lines, (1, ""))[1]
    languages = header.split("\t")
    if len(languages) < 2 or not all(map(str.strip, languages)):
        expected = "the languages of at least two columns, such as en<TAB>de"
        raise DataError(path, 1, repr(header[:80]), expected)
    if len(set(languages)) < len(languages):
        raise DataError(path, 1, repr(header[:80]), "each language once")
    for number, line in lines:
        columns = line.split("\t")
        if len(columns) != len(languages):
            expected = f"{len(languages)}, as in the first line"
            raise DataError(path, number, f"{len(columns)} tab-separated columns", expected)
        yield {language: Side(text, path, number) for language, text in zip(languages, columns)}
