"""What the tests of `allennlp knowledge` share."""

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from skd_plugin.knowledge import Knowledge, LmdbKnowledgeStore
from skd_plugin.knowledge.knowledge import as_arrays
from tests.runs import allennlp


def knowledge(*arguments: Any) -> int:
    """The exit status of `allennlp knowledge ...`, run in this process."""
    try:
        allennlp("knowledge", *arguments)
    except SystemExit as exit:
        assert isinstance(exit.code, int)
        return exit.code
    return 0


def written(config: Dict[str, Any], folder: Path) -> Path:
    """The path of a config as a file."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def opened(path: Path) -> LmdbKnowledgeStore:
    """A store, made if missing."""
    store = LmdbKnowledgeStore(str(path))
    store.open("")
    return store


def content(path: Path) -> Dict[Tuple[str, bytes], Dict[str, List[Any]]]:
    """All that a store knows, of every source and sentence, with types; `None` where that is damaged."""
    store = opened(path)
    known: Dict[Tuple[str, bytes], Any] = {}
    for source, digest, one in store.scan():
        known[source, digest] = one and {
            **{name: [str(a.dtype), *a.tolist()] for name, a in as_arrays(one).items()},
            "num_paths_asked": one.num_paths_asked,
        }
    store.close()
    return known


def posteriors(value: float, num_tokens: int = 2) -> Knowledge:
    """One sentence's, over two labels."""
    return Knowledge(log_posteriors=np.full((num_tokens, 2), value, dtype=np.float16))


def paths(value: float, asked: int, num_tokens: int = 2) -> Knowledge:
    """One sentence's best paths, as many as were asked for."""
    log_probs = value - np.arange(asked, dtype=np.float32)
    tags = np.arange(asked * num_tokens, dtype=np.uint8).reshape(asked, num_tokens) % 2
    return Knowledge(paths=tags, path_log_probs=log_probs, num_paths_asked=asked)


def damage(path: Path, how_many: int = 1) -> List[Tuple[str, bytes]]:
    """Changes the last byte of the newest records of so many sentences; returns which."""
    store = opened(path)
    names = {source.number: name for name, source in store.sources().items()}
    hit = []
    with store._environment.begin(write=True) as transaction:  # type: ignore[union-attr]
        for key, value in list(transaction.cursor(store.tables["index"]))[:how_many]:
            block, offset = np.frombuffer(value, "<u4", 2).tolist()
            place = block.to_bytes(4, "big")
            damaged = bytearray(transaction.get(place, db=store.tables["blocks"]))
            damaged[offset] ^= 1  # of the checksum
            transaction.put(place, bytes(damaged), db=store.tables["blocks"])
            hit.append((names[int.from_bytes(key[:4], "big")], key[4:]))
    store.close()
    return hit
