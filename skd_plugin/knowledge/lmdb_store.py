"""Knowledge on disk, in an embedded database that several runs and processes may share."""

import json
import logging
import os
import struct
from typing import Any, Callable, List, Mapping, Optional, TypeVar, Union

import lmdb
import numpy as np
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge.knowledge import Knowledge, as_arrays
from skd_plugin.knowledge.store import KnowledgeStore, merge

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 1
T = TypeVar("T")


@KnowledgeStore.register("lmdb")
class LmdbKnowledgeStore(KnowledgeStore):
    """
    Keeps knowledge in an LMDB database: ragged, memory-mapped, and whole after a crash.

    Every write is one transaction. Any later run that asks the same of the same teachers and sentences reads what is
    there; only what is missing is computed. Processes may read and write it at once.

    # Parameters

    path : `str`, optional (default = `None`)
        The database's folder, made if missing. By default `knowledge` inside the serialization directory; give a path
        of its own to share it between runs.
    """

    def __init__(self, path: Optional[Union[str, os.PathLike]] = None) -> None:
        self._path = path
        self._environment: Optional[Any] = None

    def open(self, serialization_dir: str) -> None:
        path = str(self._path or os.path.join(serialization_dir, "knowledge"))
        try:
            os.makedirs(path, exist_ok=True)
            self._environment = lmdb.open(path, map_size=2**28, max_readers=1024, readahead=False)
        except (OSError, lmdb.Error) as error:
            raise ConfigurationError(f"{path}: the knowledge store cannot be opened: {error}")
        found = self._transact(lambda transaction: transaction.get(b"schema_version"))
        if found is None:
            version = str(SCHEMA_VERSION).encode()
            self._transact(lambda transaction: transaction.put(b"schema_version", version), True)
        elif int(found) != SCHEMA_VERSION:
            self.close()
            raise ConfigurationError(
                f"{path}: this knowledge store has schema version {int(found)}; expected {SCHEMA_VERSION}. "
                "Point the store elsewhere, or delete the folder to compute the knowledge anew."
            )

    def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def labels(self, source: str) -> Optional[List[str]]:
        value = self._transact(lambda transaction: transaction.get(f"labels/{source}".encode()))
        return None if value is None else json.loads(value)

    def add_source(self, source: str, labels: List[str]) -> None:
        key, value = f"labels/{source}".encode(), json.dumps(labels).encode()
        self._transact(lambda transaction: transaction.put(key, value), True)

    def read(self, source: str, key: str) -> Optional[Knowledge]:
        record = self._transact(lambda transaction: transaction.get(_key(source, key)))
        return None if record is None else _unpack(record)

    def write(self, source: str, knowledge: Mapping[str, Knowledge]) -> None:
        def put_all(transaction: Any) -> None:
            for key, new in knowledge.items():
                old = transaction.get(_key(source, key))
                merged = merge(None if old is None else _unpack(old), new)
                transaction.put(_key(source, key), _pack(merged))

        self._transact(put_all, True)

    def _transact(self, work: Callable[[Any], T], write: bool = False) -> T:
        """Does the work in one transaction, again in a larger map where the map is too small."""
        if self._environment is None:
            raise RuntimeError("the knowledge store is not open")
        while True:
            try:
                with self._environment.begin(write=write) as transaction:
                    return work(transaction)
            except lmdb.MapFullError:
                size = 2 * self._environment.info()["map_size"]
                logger.info("Growing the map of the knowledge store to %d MiB.", size // 2**20)
                self._environment.set_mapsize(size)
            except lmdb.MapResizedError:  # another process has grown it
                self._environment.set_mapsize(0)


def _key(source: str, key: str) -> bytes:
    return f"knowledge/{source}/{key}".encode()


def _pack(knowledge: Knowledge) -> bytes:
    """A record: the number of paths asked for; then name, type, shape and bytes of every array."""
    record = [struct.pack("<I", knowledge.num_paths_asked)]
    for name, array in as_arrays(knowledge).items():
        header = f"{name} {array.dtype.str} {','.join(map(str, array.shape))}".encode()
        record += [struct.pack("<HI", len(header), array.nbytes), header, array.tobytes()]
    return b"".join(record)


def _unpack(record: bytes) -> Knowledge:
    arrays, (asked,), offset = {}, struct.unpack_from("<I", record), 4
    while offset < len(record):
        header_size, size = struct.unpack_from("<HI", record, offset)
        start = offset + 6 + header_size
        name, dtype, shape = record[offset + 6 : start].decode().split(" ")
        values = np.frombuffer(record[start : start + size], dtype=dtype)
        arrays[name] = values.reshape([int(length) for length in shape.split(",")])
        offset = start + size
    return Knowledge(num_paths_asked=asked, **arrays)
