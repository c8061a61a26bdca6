"""The processes of a distributed training."""

import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Iterator, List, NamedTuple, Optional

import torch.distributed as dist
from allennlp.common.util import is_distributed
from filelock import FileLock, Timeout

_PREFIX = "asking-"
_LOCK = "lock"  # in such a folder; held by the first of its processes, as long as that lives


class Share(NamedTuple):
    """This process among those that share a store: which it is, of how many, and a folder that all of them see."""

    member: int
    members: int
    folder: str


class Processes:
    """
    All processes of a distributed training, or this one where there is no other.

    They talk through a group of their own: it waits for days, and works on the CPU whatever the training's backend.
    """

    def __init__(self) -> None:
        self._group: Any = None
        if is_distributed():
            with _loss_explained():
                dist.barrier()  # fails at once where a process is gone; a new group would wait for it
                self._group = dist.new_group(backend="gloo", timeout=timedelta(days=30))

    def gather(self, value: Any) -> List[Any]:
        """What each gives here, in order of ranks; all must call it. `RuntimeError` if one of them has ended."""
        if self._group is None:
            return [value]
        gathered: List[Any] = [None] * dist.get_world_size()
        with _loss_explained():
            dist.all_gather_object(gathered, value, group=self._group)
        return gathered

    def wait(self) -> None:
        """Returns when all processes are here."""
        self.gather(None)

    @contextmanager
    def sharing(self, store_folder: Optional[str]) -> Iterator[Share]:
        """
        Finds the processes that share a store, and gives them a folder for the while.

        # Parameters

        store_folder : `str`, optional
            `None` for a store that lives in one process.
        """
        rank = 0 if self._group is None else dist.get_rank()
        place: Any = rank
        if store_folder is not None:
            found = os.stat(store_folder)
            place = (socket.gethostname(), found.st_dev, found.st_ino)
        places = self.gather(place)
        sharing = [other for other, its_place in enumerate(places) if its_place == place]
        is_first = sharing[0] == rank
        made = _make_folder(store_folder) if is_first else ""
        lock = FileLock(os.path.join(made, _LOCK))
        if is_first:
            lock.acquire()
        folder = self.gather(made)[sharing[0]]
        # After an error it stays while others may work there, who would fail of that; a later run removes it.
        is_left = len(sharing) > 1
        try:
            yield Share(sharing.index(rank), len(sharing), folder)
            is_left = not is_first
        finally:
            if is_first:
                lock.release()
            if not is_left:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Ends the group; all must call it."""
        if self._group is not None:
            dist.destroy_process_group(self._group)
            self._group = None


@contextmanager
def _loss_explained() -> Iterator[None]:
    """Of another process that has ended, the backend says but that a connection is closed."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            f"another process of the training has ended, so that number {dist.get_rank()} of "
            f"{dist.get_world_size()} ends too; where that one was started its own error says why ({error})"
        ) from error


def _make_folder(store_folder: Optional[str]) -> str:
    """A new folder, beside the store if that can be written; those that ended runs left there are removed."""
    if store_folder is None or not os.access(store_folder, os.W_OK):
        return tempfile.mkdtemp(prefix=_PREFIX)
    for name in os.listdir(store_folder):
        lock = os.path.join(store_folder, name, _LOCK)
        if name.startswith(_PREFIX) and os.path.exists(lock) and not _is_held(lock):
            shutil.rmtree(os.path.join(store_folder, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=_PREFIX, dir=store_folder)


def _is_held(lock: str) -> bool:
    """Whether a process that lives holds the lock."""
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
