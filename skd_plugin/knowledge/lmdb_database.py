"""A database in a folder, which opens whole after a crash, says what is wrong with it, and holds little of its map."""

import logging
import mmap
import os
from typing import Any, Callable, Dict, Optional, Tuple, TypeVar, Union

import lmdb
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge.records import DamagedRecord

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 2
MOST_MAPPED = 2**28
"""As soon as so many bytes of the map are in memory, it is given back and taken anew."""

_TABLES = ("sources", "blocks", "index")
# The last is what the database says where a part of a page could be written.
_FULL = ("No space left", "Disk quota exceeded", "File too large", "Input/output error")
_ANEW = "Copy it again from where it is whole, or delete the folder to compute the knowledge anew"

T = TypeVar("T")


class LmdbDatabase:
    """
    The tables of a knowledge store, and transactions on them.

    # Parameters

    path : `str`, optional (default = `None`)
        Its folder; by default `knowledge` inside the serialization directory.
    """

    def __init__(self, path: Optional[Union[str, os.PathLike]] = None) -> None:
        self.path = path
        self._folder: Optional[str] = None
        self._environment: Optional[Any] = None
        self.tables: Dict[str, Any] = {}
        self._mapped_before = 0
        self._is_locked = True

    @property
    def folder(self) -> Optional[str]:
        return self._folder

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written: the folder or its file system forbids it."""
        data = os.path.join(str(self._folder), "data.mdb")
        return os.path.exists(data) and not all(
            os.access(path, os.W_OK) for path in (data, str(self._folder))
        )

    def open(self, serialization_dir: str) -> None:
        self._folder = str(self.path or os.path.join(serialization_dir, "knowledge"))
        self._open()
        try:
            self._check_version()
        except ConfigurationError:
            self.close()
            raise

    def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
        self._environment, self.tables = None, {}

    def _open(self) -> None:
        folder, self._mapped_before = str(self._folder), _mapped_bytes()
        if os.path.isfile(folder):
            raise ConfigurationError(
                f"{folder}: expected the folder of a knowledge store, found a file"
            )
        try:
            os.makedirs(folder, exist_ok=True)
            if not self.read_only:
                _reserve(os.path.join(folder, "lock.mdb"))
            self._environment = lmdb.open(
                folder,
                map_size=2**28,
                max_readers=1024,
                max_dbs=len(_TABLES),
                readahead=False,
                readonly=self.read_only,
                lock=not self.read_only,
            )
            self._is_locked = not self.read_only
        except (OSError, lmdb.Error) as error:
            damaged = isinstance(error, (lmdb.InvalidError, lmdb.CorruptedError))
            raise ConfigurationError(
                f"{folder}: the knowledge store cannot be opened: {error}{'. ' + _ANEW if damaged else ''}"
            )
        # First the pages: another process may add some in between, and does so after the file has grown.
        needed = (self._environment.info()["last_pgno"] + 1) * self._environment.stat()["psize"]
        size = os.path.getsize(os.path.join(folder, "data.mdb"))
        if size < needed:
            self.close()
            raise ConfigurationError(
                f"{folder}: the knowledge store is truncated: {size} bytes of {needed}. {_ANEW}"
            )

    def _check_version(self) -> None:
        """Opens the tables of this schema, or makes them in a database without anything."""

        def look(transaction: Any) -> Tuple[str, bool]:
            version = bytes(transaction.get(b"schema_version") or b"none")
            return version.decode(errors="replace"), transaction.stat()["entries"] == 0

        version, is_new = self.transact(look)
        if is_new:
            self.transact(self._make_tables, True)
        elif version == str(SCHEMA_VERSION):
            self._open_tables()
        elif version == "none":
            raise ConfigurationError(
                f"{self._folder}: this is no knowledge store: the database in it is another program's, or damaged. "
                "Point the store elsewhere"
            )
        else:
            newer = version.isdecimal() and int(version) > SCHEMA_VERSION
            raise ConfigurationError(
                f"{self._folder}: this knowledge store has schema version {version}; expected {SCHEMA_VERSION}. "
                f"{'Upgrade skd_plugin, or point' if newer else 'Point'} the store elsewhere, or delete the folder to "
                "compute the knowledge anew"
            )

    def _make_tables(self, transaction: Any) -> None:
        transaction.put(b"schema_version", str(SCHEMA_VERSION).encode())
        self.tables = self._tables_of(transaction, create=True)

    def _open_tables(self) -> None:
        # Without a transaction of their own to commit, handles would not outlive it.
        if self.read_only:
            self.tables = self.transact(lambda transaction: self._tables_of(None))
        else:
            self.tables = self.transact(self._tables_of, True)

    def _tables_of(self, transaction: Optional[Any], create: bool = False) -> Dict[str, Any]:
        open_table = self._environment.open_db  # type: ignore[union-attr]
        return {name: open_table(name.encode(), txn=transaction, create=create) for name in _TABLES}

    def transact(self, work: Callable[[Any], T], write: bool = False) -> T:
        """
        Does the work in one transaction, again in a larger map where the map is too small.

        # Raises

        `ConfigurationError` that says what is wrong, with a full disk, a read-only store or a damaged one.
        """
        if self._environment is None:
            raise RuntimeError("the knowledge store is not open")
        mapped = _mapped_bytes()
        self._mapped_before = min(self._mapped_before, mapped)
        # The next transaction may bring some more.
        if mapped - self._mapped_before > MOST_MAPPED - MOST_MAPPED // 16:
            self._environment.close()
            self._open()
            self._open_tables()
        while True:
            try:
                with self._environment.begin(write=write, buffers=True) as transaction:
                    try:
                        result = work(transaction)
                    except (lmdb.Error, DamagedRecord):
                        if self._is_undisturbed(transaction):
                            raise
                        continue
                    if self._is_undisturbed(transaction):
                        return result
            except lmdb.MapFullError:
                size = 2 * self._environment.info()["map_size"]
                logger.info("Growing the map of the knowledge store to %d MiB.", size // 2**20)
                self._environment.set_mapsize(size)
            except lmdb.MapResizedError:  # another process has grown it
                self._environment.set_mapsize(0)
            except (lmdb.Error, DamagedRecord) as error:
                raise ConfigurationError(f"{self._folder}: {self._explain(error)}")

    def _is_undisturbed(self, transaction: Any) -> bool:
        """Without locks, another process may have written where this one was reading."""
        if self._is_locked:
            return True
        return self._environment.info()["last_txnid"] == transaction.id()  # type: ignore[union-attr]

    def _explain(self, error: Exception) -> str:
        if isinstance(error, lmdb.ReadonlyError) or "Permission denied" in str(error):
            return "the knowledge store is read-only, and lacks some of what is asked for"
        if any(sign in str(error) for sign in _FULL):
            return (
                f"the disk takes no more ({error}). The knowledge that was written before is whole: make room, and "
                "start again to go on from there"
            )
        found = "a damaged record" if isinstance(error, DamagedRecord) else str(error)
        return (
            f"the knowledge store is damaged ({found}). `python -m skd_plugin knowledge verify {self._folder} "
            "--repair` forgets what is damaged, so that the next run computes it anew; if that fails, delete the folder"
        )


def _mapped_bytes() -> int:
    """How many bytes of files are in the memory of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as numbers:
            return int(numbers.read().split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0


def _reserve(path: str) -> None:
    """
    Takes the room that the lock file needs at most.

    The database writes it through a memory map; where the disk is full, that would end the process without a word.
    """
    if hasattr(os, "posix_fallocate"):
        with open(path, "ab") as file:
            os.posix_fallocate(file.fileno(), 0, 2**17)
