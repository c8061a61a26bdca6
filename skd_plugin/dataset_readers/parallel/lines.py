"""Parallel text in files of which the lines belong together, as Moses has them."""

from itertools import zip_longest
from typing import Iterator, Mapping

from skd_plugin.dataset_readers.input_files import open_lines
from skd_plugin.dataset_readers.parallel.rows import Row, Side
from skd_plugin.dataset_readers.sentence import DataError


def read_lines(paths: Mapping[str, str]) -> Iterator[Row]:
    """
    A sentence a line, one file a language.

    # Raises

    `DataError` where one file ends before another.
    """
    files = [open_lines(path) for path in paths.values()]
    for number, lines in enumerate(zip_longest(*files), start=1):
        present = [path for path, line in zip(paths.values(), lines) if line is not None]
        for path, line in zip(paths.values(), lines):
            if line is None:
                found = f"the end of the file after {number - 1} lines"
                raise DataError(path, None, found, f"more, as {present[0]} has")
        yield {
            language: Side(line[1], path, number)
            for (language, path), line in zip(paths.items(), lines)
        }
