"""What is inside a store on disk, and how large."""

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from skd_plugin.knowledge import records
from skd_plugin.knowledge.lmdb_database import SCHEMA_VERSION
from skd_plugin.knowledge.lmdb_store import (
    LmdbKnowledgeStore,
    identity_of,
    split_index_key,
)
from skd_plugin.knowledge.measuring import MeasuredRecord, measure

ENTRIES_AT_ONCE = 256

Progress = Callable[[int], object]


@dataclass
class FieldSummary:
    """One array of one source: of how many sentences and tokens it is there, in how many bytes."""

    sentences: int = 0
    tokens: int = 0
    bytes: int = 0


@dataclass
class SourceSummary:
    """
    What the teachers of one language, or of several, said.

    # Parameters

    fields : `Dict[Tuple[str, Optional[int]], FieldSummary]`
        By the name of an array and, of paths, how many were asked for.
    tokens : `int`
        Of the sentences of which more is known than transitions.
    damaged : `int`
        How many sentences beside `sentences` cannot be read.
    overhead : `int`
        Bytes of headers, shapes and checksums; headers have the transitions that all sentences of a block share.
    """

    description: str
    labels: List[str]
    sentences: int = 0
    damaged: int = 0
    tokens: int = 0
    fields: Dict[Tuple[str, Optional[int]], FieldSummary] = field(default_factory=dict)
    overhead: int = 0

    @property
    def bytes(self) -> int:
        """All that is in use."""
        return self.overhead + sum(one.bytes for one in self.fields.values())


@dataclass
class StoreSummary:
    """
    A store on disk.

    # Parameters

    bytes : `int`
        Of the whole.
    superseded : `int`
        Bytes that are not in use: newer records have what these had, or they are damaged or forgotten.
    sources : `Dict[str, SourceSummary]`
        By fingerprint.
    """

    folder: str
    schema_version: int
    bytes: int
    superseded: int
    sources: Dict[str, SourceSummary]

    @property
    def rest(self) -> int:
        """Bytes of the index, of free pages and of pages that are not full."""
        used = sum(source.bytes for source in self.sources.values())
        return self.bytes - used - self.superseded


def bytes_on_disk(folder: str) -> int:
    """The size of a store."""
    return os.path.getsize(os.path.join(folder, "data.mdb"))


def num_entries(store: LmdbKnowledgeStore) -> int:
    """How many sentences the index of a store has, once for each source, with those that are forgotten."""
    return store.transact(lambda transaction: transaction.stat(store.tables["index"])["entries"])


def summarize(store: LmdbKnowledgeStore, progress: Progress = lambda done: None) -> StoreSummary:
    """
    Reads the whole index, and of every record shapes and checksum.

    # Parameters

    store : `LmdbKnowledgeStore`
        An open one.
    progress : `Callable[[int], object]`, optional
        Called with how many more entries of the index were read.
    """
    counting = _Counting(store)
    while True:
        num_read = store.transact(counting.some)
        if not num_read:
            break
        progress(num_read)

    def bytes_of_blocks(transaction: Any) -> int:
        return sum(len(block) for _, block in transaction.cursor(store.tables["blocks"]))

    sources = counting.sources
    superseded = store.transact(bytes_of_blocks) - sum(one.bytes for one in sources.values())
    size = bytes_on_disk(str(store.folder))
    return StoreSummary(str(store.folder), SCHEMA_VERSION, size, superseded, sources)


class _Counting:
    """What was counted of a store up to an entry of its index."""

    def __init__(self, store: LmdbKnowledgeStore) -> None:
        found = store.sources()
        self.sources = {
            name: SourceSummary(one.description, one.labels) for name, one in found.items()
        }
        self._store = store
        self._names = {one.number: name for name, one in found.items()}
        self._blocks: Set[int] = set()  # those of which the header was counted
        self._last: Optional[bytes] = None

    def some(self, transaction: Any) -> int:
        """Counts some more; returns how many, 0 at the end."""
        cursor = transaction.cursor(self._store.tables["index"])
        last, num_read = self._last, 0
        more = cursor.first() if last is None else cursor.set_range(last + b"\0")
        while more and num_read < ENTRIES_AT_ONCE:
            self._last = bytes(cursor.key())
            if cursor.value():  # else it is forgotten
                self._count(transaction, self._last)
            num_read += 1
            more = cursor.next()
        return num_read

    def _count(self, transaction: Any, key: bytes) -> None:
        number, digest = split_index_key(key)
        name = self._names.get(number)
        if name is None:
            raise records.DamagedRecord
        summary, identity = self.sources[name], identity_of(name, digest)
        try:
            chosen = self._store.choose(transaction, key, None) or {}
            measured = [
                measure(self._store.block(transaction, place[0]), place, identity, names)
                for place, names in chosen.items()
            ]
        except records.DamagedRecord:
            summary.damaged += 1
            return
        new = {found.block: found.header for found in measured if found.block not in self._blocks}
        self._blocks.update(new)
        summary.overhead += sum(new.values())
        _add(summary, measured)


def _add(summary: SourceSummary, measured: List[MeasuredRecord]) -> None:
    """Counts the records of one sentence, without the headers of their blocks."""
    num_tokens = max((found.num_tokens for found in measured), default=0)
    summary.sentences += 1
    summary.tokens += num_tokens
    for found in measured:
        summary.overhead += found.overhead
        for name, size in found.sizes.items():
            num_paths = found.num_paths_asked if name in ("paths", "path_log_probs") else None
            counted = summary.fields.setdefault((name, num_paths), FieldSummary())
            counted.sentences += 1
            counted.tokens += num_tokens
            counted.bytes += size
