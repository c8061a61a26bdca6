"""Which files an input names, and their bytes and lines."""

import gzip
import json
import os
import zlib
from contextlib import contextmanager
from os import PathLike
from typing import IO, Any, Iterator, List, Mapping, Optional, Tuple, Union, cast

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path

from skd_plugin.dataset_readers.sentence import DataError

Path = Union[str, "PathLike[str]"]
Input = Union[Path, List[Path], Mapping[str, Union[Path, List[Path]]]]


def parsed_input(file_path: Any) -> Any:
    """The input, or what its JSON says."""
    if not isinstance(file_path, str) or file_path.lstrip()[:1] not in ("{", "["):
        return file_path
    try:
        return json.loads(file_path)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"input {file_path}: {error}; expected a path, or the JSON of a list or {{language: path}}"
        )


def input_files(file_path: Input) -> Iterator[Tuple[Optional[str], str]]:
    """Languages, where the input gives them, and paths."""
    file_path = parsed_input(file_path)
    by_language = file_path if isinstance(file_path, Mapping) else {None: file_path}
    files = [
        (language, path)
        for language, paths in by_language.items()
        for path in (paths if isinstance(paths, (list, tuple)) else [paths])
    ]
    if not files or not all(path and isinstance(path, (str, PathLike)) for _, path in files):
        raise ConfigurationError(
            f"input: expected a path, a list of paths or {{language: path}}, got {file_path!r}"
        )
    yield from ((language, os.fspath(path)) for language, path in files)


@contextmanager
def open_bytes(path: str) -> Iterator[IO[bytes]]:
    """Opens a local or remote file, gzipped or not; `DataError` if there is none."""
    local_path = _local(path)
    with open(local_path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    opened = cast(IO[bytes], gzip.open(local_path) if is_gzip else open(local_path, "rb"))
    with opened:
        try:
            yield opened
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(path, None, f"a damaged gzip file ({error})", "a whole one")


def open_lines(path: str) -> Iterator[Tuple[int, str]]:
    """The numbers (from 1) and lines of a UTF-8 file, without line ends."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                # `error.object` lacks the byte order mark that `line` may have.
                found = f"byte 0x{error.object[error.start]:02x} at position {error.start + 1}"
                raise DataError(path, number, found, "UTF-8 text")
            yield number, text.rstrip("\r\n")


def _local(path: str) -> str:
    """Where a file lies on this machine; `DataError` if nowhere."""
    try:
        local_path = cached_path(path, extract_archive="!" in path and not os.path.exists(path))
    except FileNotFoundError:
        raise DataError(path, None, "no such file", "a file or URL")
    except ValueError:
        found = "no archive before the !" if "!" in path else "an unknown kind of URL"
        raise DataError(path, None, found, "a file or URL")
    if os.path.isdir(local_path):
        raise DataError(path, None, "a folder", "a file or URL")
    return local_path
