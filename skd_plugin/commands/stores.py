"""Opening stores that are named on the command line."""

import os
from contextlib import contextmanager
from typing import Iterator

from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.knowledge.summary import Progress

MANY = 20_000
"""From so many sentences on there is a progress bar."""


@contextmanager
def opened(path: str, make: bool = False) -> Iterator[LmdbKnowledgeStore]:
    """
    # Parameters

    path : `str`
        The folder of a store.
    make : `bool`, optional (default = `False`)
        Whether it is made if there is none; else that is an error.
    """
    if not make:
        _check(path)
    store = LmdbKnowledgeStore(path)
    store.open("")
    try:
        yield store
    finally:
        store.close()


@contextmanager
def progress_bar(total: int, description: str) -> Iterator[Progress]:
    """A bar for what takes long."""
    with Tqdm.tqdm(total=total, desc=description, disable=total < MANY) as bar:
        yield bar.update


def _check(path: str) -> None:
    if os.path.exists(os.path.join(path, "data.mdb")):
        return
    inside = os.path.join(path, "knowledge")
    hint = f"; did you mean {inside}?" if os.path.exists(os.path.join(inside, "data.mdb")) else ""
    found = "it has no data.mdb" if os.path.isdir(path) else "no such folder"
    raise ConfigurationError(f"{path}: found no knowledge store ({found}){hint}")
