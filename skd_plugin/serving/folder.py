"""The folder of an export: what is in it, and how it comes to be as a whole or not at all."""

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from allennlp.common.checks import ConfigurationError

CONFIG = "config.json"
GRAPH = "model.onnx"
VOCABULARY = "vocabulary"
TOKENIZERS = "tokenizers"
FORMAT = "skd_plugin export 1"


def is_export(folder: Path) -> bool:
    """Whether an export of this version lies there."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("format") == FORMAT


@contextmanager
def written_whole(folder: Path, force: bool) -> Iterator[Path]:
    """
    An empty folder to write to, which takes the place of the folder if nothing fails.

    # Parameters

    folder : `Path`
        Missing, empty or, with `force`, an export.

    # Raises

    `ConfigurationError` if the folder holds anything else.
    """
    _check(folder, force)
    unfinished = folder.with_name(f".{folder.name}.unfinished-{os.getpid()}")
    try:
        unfinished.mkdir(parents=True)
    except OSError as error:
        raise ConfigurationError(f"{folder}: expected a folder to write to ({error})")
    try:
        yield unfinished
        _replace(folder, unfinished)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check(folder: Path, force: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not is_export(folder):
        raise ConfigurationError(
            f"{folder}: expected a new or an empty folder; what is there is no export"
        )
    if not force:
        raise ConfigurationError(f"{folder}: there is an export already; --force replaces it")


def _replace(folder: Path, unfinished: Path) -> None:
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(unfinished, folder)
    except BaseException:
        if old.exists():
            os.replace(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
