"""Which files an input of parallel text names, and in what format they are."""

import os
from typing import Any, Iterator, Mapping, Optional

from allennlp.common.checks import ConfigurationError

from skd_plugin.dataset_readers.input_files import parsed_input
from skd_plugin.dataset_readers.parallel.conllu import read_conllu
from skd_plugin.dataset_readers.parallel.lines import read_lines
from skd_plugin.dataset_readers.parallel.rows import Row
from skd_plugin.dataset_readers.parallel.tmx import read_tmx
from skd_plugin.dataset_readers.parallel.tsv import read_tsv

OF_A_FILE = {"tsv": read_tsv, "tmx": read_tmx}
OF_A_MAPPING = {"lines": read_lines, "conllu": read_conllu}


def read_rows(file_path: Any, file_format: Optional[str] = None) -> Iterator[Row]:
    """
    # Parameters

    file_path : `Any`
        A file that has all languages, a mapping `{language: file}`, a list of either, or the JSON of any of these.
    file_format : `str`, optional (default = as the names say)
        "tsv" or "tmx" of a file that has all languages, "lines" or "conllu" of a mapping.
    """
    file_path = parsed_input(file_path)
    for one in file_path if isinstance(file_path, (list, tuple)) else [file_path]:
        if isinstance(one, Mapping):
            yield from _of_a_mapping(one, file_format)
        elif isinstance(one, (str, os.PathLike)) and os.fspath(one):
            path = os.fspath(one)
            found = file_format or ("tmx" if _ends(path, ".tmx") else "tsv")
            if found not in OF_A_FILE:
                _refuse(one)
            yield from OF_A_FILE[found](path)
        else:
            _refuse(one)


def _of_a_mapping(paths: Mapping[str, Any], file_format: Optional[str]) -> Iterator[Row]:
    are_paths = all(isinstance(path, (str, os.PathLike)) for path in paths.values())
    if len(paths) < 2 or not are_paths or file_format in OF_A_FILE:
        _refuse(dict(paths))
    by_language = {language: os.fspath(path) for language, path in paths.items()}
    if file_format is None:
        are_treebanks = all(_ends(path, ".conllu") for path in by_language.values())
        file_format = "conllu" if are_treebanks else "lines"
    return OF_A_MAPPING[file_format](by_language)


def _refuse(found: Any) -> None:
    raise ConfigurationError(
        "input of parallel_text: expected a file of all languages, a mapping of at least two languages to a file "
        f"each, or a list of such; got {found!r}"
    )


def _ends(path: str, ending: str) -> bool:
    return path.endswith((ending, f"{ending}.gz"))
