"""Knowledge on disk, in an embedded database that several runs and processes may share."""

import hashlib
import json
import os
import struct
import zlib
from functools import partial
from typing import (
    Any,
    Dict,
    FrozenSet,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import numpy as np

from skd_plugin.knowledge import records
from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest, array_names, as_arrays
from skd_plugin.knowledge.lmdb_database import LmdbDatabase
from skd_plugin.knowledge.store import KnowledgeStore

# Sentences that one transaction reads; each may bring a few 100 KiB into memory.
_AT_ONCE = 32
_PLACE = struct.Struct("<II")  # the number of a block, and where in it a record begins
_NUMBER = struct.Struct(">I")  # big-endian, so that the database has them in order
_PATHS = frozenset(["paths", "path_log_probs"])

Place = Tuple[int, int]


class Source(NamedTuple):
    """Who answered: a number inside the store, the labels, and in words who it is."""

    number: int
    labels: List[str]
    description: str


class StoredSentence(NamedTuple):
    """A sentence in a store: who answered, the digest of its key, and all that is known; `None` if that is damaged."""

    source: str
    digest: bytes
    knowledge: Optional[Knowledge]


_Found = List[Tuple[bytes, StoredSentence]]


@KnowledgeStore.register("lmdb")
class LmdbKnowledgeStore(LmdbDatabase, KnowledgeStore):
    """
    Keeps knowledge in an LMDB database: ragged, memory-mapped, and whole after a crash.

    Every write is one transaction, which adds a block (see `records`) and notes the place of each sentence in an index.
    Any later run that asks the same of the same teachers and sentences reads what is there; only what is missing is
    computed. Processes of one machine may read and write it at once. About 256 MiB of its map are in memory at most
    (where /proc tells how many there are, as on Linux).

    # Parameters

    path : `str`, optional (default = `None`)
        The database's folder, made if missing. By default `knowledge` inside the serialization directory; give a path
        of its own to share it between runs. Not on a network file system: take one store a machine, and merge them.
    """

    def __init__(self, path: Optional[Union[str, os.PathLike]] = None) -> None:
        super().__init__(path)
        self._sources: Dict[str, Source] = {}

    def close(self) -> None:
        super().close()
        self._sources = {}

    def sources(self) -> Dict[str, Source]:
        """All who answered, by fingerprint."""
        self._sources = self.transact(self._read_sources)
        return self._sources

    def labels(self, source: str) -> Optional[List[str]]:
        found = self._source(source)
        return None if found is None else found.labels

    def add_source(self, source: str, labels: List[str], description: str = "") -> None:
        def put(transaction: Any) -> None:
            table = self.tables["sources"]
            if transaction.get(source.encode(), db=table) is None:
                number = transaction.stat(table)["entries"]
                value = _pack_source(source, Source(number, labels, description))
                transaction.put(source.encode(), value, db=table)

        if self._source(source) is None:
            self.transact(put, True)

    def read(
        self, source: str, keys: Sequence[str], request: KnowledgeRequest
    ) -> List[Optional[Knowledge]]:
        found = self._source(source)
        if found is None:
            return [None] * len(keys)
        number = found.number

        def read_some(transaction: Any, some: Sequence[str]) -> List[Optional[Knowledge]]:
            digests = map(_digest, some)
            return [self._read_one(transaction, source, number, one, request) for one in digests]

        chunks = (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
        return [one for some in chunks for one in self.transact(partial(read_some, some=some))]

    def missing(
        self, source: str, keys: Sequence[str], request: KnowledgeRequest
    ) -> Dict[str, KnowledgeRequest]:
        found = self._source(source)
        if found is None:
            return {key: request for key in keys}
        number = found.number

        def find_some(transaction: Any, some: Sequence[str]) -> Dict[str, KnowledgeRequest]:
            lacks = {}
            for key in some:
                lack = self.lack(transaction, index_key(number, _digest(key)), request)
                if lack.fields:
                    lacks[key] = lack
            return lacks

        all_lacks: Dict[str, KnowledgeRequest] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            all_lacks.update(self.transact(partial(find_some, some=some)))
        return all_lacks

    def write(self, source: str, knowledge: Mapping[str, Knowledge]) -> None:
        self.write_by_digest(source, {_digest(key): one for key, one in knowledge.items()})

    def write_by_digest(self, source: str, knowledge: Mapping[bytes, Knowledge]) -> None:
        """As `write`, for sentences that another store has."""
        found = self._source(source)
        if found is None:
            raise ValueError(f"{self._folder}: no labels were noted of the source {source}")
        number = found.number
        blocks = [
            (digests, *records.pack(sentences, asked))
            for digests, sentences, asked in _of_one_form(source, knowledge)
        ]

        def put_all(transaction: Any) -> None:
            cursor = transaction.cursor(self.tables["blocks"])
            following = _NUMBER.unpack(cursor.key())[0] + 1 if cursor.last() else 0
            for place, (digests, block, offsets) in enumerate(blocks, start=following):
                cursor.put(_NUMBER.pack(place), block, append=True)
                header = records.read_header(block)
                for digest, offset in zip(digests, offsets):
                    key = index_key(number, digest)
                    self._note(transaction, key, (place, offset), header)

        self.transact(put_all, True)

    def scan(self) -> Iterator[StoredSentence]:
        """All that is in the store, sentence by sentence."""
        last: Optional[bytes] = None
        while True:
            found = self.transact(partial(self._some, last=last))
            if not found:
                return
            last = found[-1][0]
            yield from (sentence for _, sentence in found)

    def forget(self, source: str, digests: Sequence[bytes]) -> None:
        """
        Takes away the places of sentences; a later run computes them anew.

        They stay in the index, without places: where entries are deleted, the database may count pages that it never
        wrote, and a whole file would look truncated.
        """
        found = self.sources()[source]

        def forget_all(transaction: Any) -> None:
            for digest in digests:
                key = index_key(found.number, digest)
                if transaction.get(key, db=self.tables["index"]):
                    transaction.put(key, b"", db=self.tables["index"])

        self.transact(forget_all, True)

    def _some(self, transaction: Any, last: Optional[bytes]) -> _Found:
        """The next sentences of the index, with their keys in it."""
        sources = self._read_sources(transaction)
        names = {source.number: name for name, source in sources.items()}
        cursor = transaction.cursor(self.tables["index"])
        found: _Found = []
        more = cursor.first() if last is None else cursor.set_range(last + b"\0")
        while more and len(found) < _AT_ONCE:
            key = bytes(cursor.key())
            if not cursor.value():  # forgotten
                more = cursor.next()
                continue
            number, digest = split_index_key(key)
            if number not in names:
                raise records.DamagedRecord
            try:
                knowledge = self._read_one(transaction, names[number], number, digest, None)
            except records.DamagedRecord:
                knowledge = None
            found.append((key, StoredSentence(names[number], digest, knowledge)))
            more = cursor.next()
        return found

    def _read_sources(self, transaction: Any) -> Dict[str, Source]:
        items = transaction.cursor(self.tables["sources"])
        return dict(_unpack_source(bytes(key), bytes(value)) for key, value in items)

    def _source(self, source: str) -> Optional[Source]:
        return self._sources.get(source) or self.sources().get(source)

    def _read_one(
        self,
        transaction: Any,
        source: str,
        number: int,
        digest: bytes,
        request: Optional[KnowledgeRequest],
    ) -> Optional[Knowledge]:
        """What was asked for of a sentence, or without a request all that is known."""
        chosen = self.choose(transaction, index_key(number, digest), request)
        if chosen is None:
            return None
        arrays: Dict[str, np.ndarray] = {}
        asked = 0
        for (place, offset), names in chosen.items():
            block = self.block(transaction, place)
            arrays.update(records.read_record(block, offset, identity_of(source, digest), names))
            if names & _PATHS:
                asked = records.read_header(block).num_paths_asked
        return Knowledge.of_arrays(arrays, asked)

    def lack(self, transaction: Any, key: bytes, request: KnowledgeRequest) -> KnowledgeRequest:
        """What of a request is not here of a sentence."""
        headers = self.places(transaction, key).values()
        names = frozenset().union(*(header.names for header in headers))
        return request.without(names, max((one.num_paths_asked for one in headers), default=0))

    def choose(
        self, transaction: Any, key: bytes, request: Optional[KnowledgeRequest]
    ) -> Optional[Dict[Place, FrozenSet[str]]]:
        """Which arrays to read where; `None` if not all are there."""
        places = self.places(transaction, key)
        if not places:
            return None
        # Fewer paths never replace more.
        num_paths = max(header.num_paths_asked for header in places.values())
        if request is None:
            wanted = frozenset().union(*(header.names for header in places.values()))
        elif request.num_paths <= num_paths:
            wanted = array_names(request)
        else:
            return None
        chosen = {}
        for place, header in places.items():
            names = wanted & header.names
            if header.num_paths_asked < num_paths:
                names -= _PATHS
            if names:
                chosen[place] = names
                wanted -= names
        return None if wanted else chosen

    def places(self, transaction: Any, key: bytes) -> Dict[Place, records.Header]:
        """Where a sentence has records, the newest first, and the headers of their blocks."""
        value = transaction.get(key, db=self.tables["index"]) or b""
        if len(value) % _PLACE.size:
            raise records.DamagedRecord
        return {
            place: records.read_header(self.block(transaction, place[0]))
            for place in _PLACE.iter_unpack(value)
        }

    def block(self, transaction: Any, place: int) -> Any:
        block = transaction.get(_NUMBER.pack(place), db=self.tables["blocks"])
        if block is None:
            raise records.DamagedRecord
        return block

    def _note(self, transaction: Any, key: bytes, place: Place, header: records.Header) -> None:
        """Puts a place before the older ones, but for those that have nothing more."""
        places = [place]
        for older, old in self.places(transaction, key).items():
            if not (old.names <= header.names and old.num_paths_asked <= header.num_paths_asked):
                places.append(older)
        content = b"".join(_PLACE.pack(*one) for one in places)
        transaction.put(key, content, db=self.tables["index"])


def _pack_source(name: str, source: Source) -> bytes:
    content = json.dumps(source).encode()
    return _NUMBER.pack(zlib.crc32(content, zlib.crc32(name.encode()))) + content


def _unpack_source(name: bytes, value: bytes) -> Tuple[str, Source]:
    content = value[_NUMBER.size :]
    if value[: _NUMBER.size] != _NUMBER.pack(zlib.crc32(content, zlib.crc32(name))):
        raise records.DamagedRecord
    return name.decode(), Source(*json.loads(content))


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=12).digest()


def index_key(number: int, digest: bytes) -> bytes:
    """The key of a sentence in the index, of the number of its source and the digest of its own key."""
    return _NUMBER.pack(number) + digest


def split_index_key(key: bytes) -> Tuple[int, bytes]:
    """The number and the digest."""
    return int.from_bytes(key[: _NUMBER.size], "big"), key[_NUMBER.size :]


def identity_of(source: str, digest: bytes) -> bytes:
    """What the checksum of a record covers beside its bytes."""
    return source.encode() + digest


def _of_one_form(
    source: str, knowledge: Mapping[bytes, Knowledge]
) -> List[Tuple[List[bytes], List[Tuple[bytes, Dict[str, np.ndarray]]], int]]:
    """Sentences with the same fields together: digests; identities and arrays; how many paths were asked for."""
    groups: Dict[Any, Tuple[List[bytes], List[Tuple[bytes, Dict[str, np.ndarray]]], int]] = {}
    for digest, one in knowledge.items():
        arrays = as_arrays(one)
        form = tuple((name, array.dtype.str, array.ndim) for name, array in arrays.items())
        group = groups.setdefault((form, one.num_paths_asked), ([], [], one.num_paths_asked))
        group[0].append(digest)
        group[1].append((identity_of(source, digest), arrays))
    return list(groups.values())
