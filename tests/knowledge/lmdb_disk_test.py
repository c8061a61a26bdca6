"""Folders that cannot be written, and disks that are full."""

import ctypes
import os
import resource
import signal
import tempfile
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import LmdbKnowledgeStore
from tests.knowledge.stores import (
    ALL,
    LABELS,
    alone,
    as_a_guest,
    assert_holds,
    opened,
    sentences,
)


@pytest.fixture
def guests_folder():
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


def is_reachable(path):
    return as_a_guest(os.path.isdir, path)


def filled(path):
    store = opened("", path)
    store.write("source", sentences("one", 0))
    store.close()


def use_what_is_there(path):
    store = LmdbKnowledgeStore(path)
    store.open("")
    assert store.read_only
    assert store.labels("source") == LABELS and store.labels("other") is None
    assert_holds(store, [sentences("one", 0)])
    store.add_source("source", LABELS)
    keys = [*sentences("one", 0), "unknown"]
    assert store.missing("source", keys, ALL) == {"unknown": ALL}
    assert len(list(store.scan())) == 5
    store.close()


def write_more(path):
    store = LmdbKnowledgeStore(path)
    store.open("")
    store.write("source", sentences("one", 1))


def note_a_source(path):
    store = LmdbKnowledgeStore(path)
    store.open("")
    store.add_source("other", LABELS)


@pytest.mark.parametrize("file_mode, mode", [(0o444, 0o555), (0o644, 0o555), (0o444, 0o777)])
def test_a_read_only_store(guests_folder, file_mode, mode):
    path = guests_folder / "store"
    filled(path)
    for file in path.iterdir():
        file.chmod(file_mode)
    path.chmod(mode)
    if not alone(is_reachable, path).returned:
        pytest.skip("another user does not reach the folder of this test")
    outcome = alone(as_a_guest, use_what_is_there, path)
    assert outcome.error is None, outcome
    for function in (write_more, note_a_source):
        outcome = alone(as_a_guest, function, path)
        assert (outcome.error, outcome.message) == (
            "ConfigurationError",
            f"{path}: the knowledge store is read-only, and lacks some of what is asked for",
        )
    path.chmod(0o755)
    store = opened("", path)
    assert_holds(store, [sentences("one", 0)])
    store.close()


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_where_no_store_can_be_made(guests_folder, exists):
    path = guests_folder / "store"
    if exists:
        path.mkdir(mode=0o555)
    guests_folder.chmod(0o555)
    if not alone(is_reachable, guests_folder).returned:
        pytest.skip("another user does not reach the folder of this test")
    outcome = alone(as_a_guest, opened, "", path)
    assert outcome.error == "ConfigurationError"
    assert outcome.message.startswith(f"{path}: the knowledge store cannot be opened: ")
    assert "Permission denied" in outcome.message


def written_until_full(store, first=0):
    """How many batches, and the message in the end."""
    number = first
    while True:
        try:
            store.write("source", sentences("one", number))
        except Exception as error:
            return number, f"{type(error).__name__}: {error}"
        number += 1


def full(path, reason):
    return (
        f"ConfigurationError: {path}: the disk takes no more (mdb_txn_commit: {reason}). The knowledge that was "
        "written before is whole: make room, and start again to go on from there"
    )


def use_a_full_disk(path, limit):
    """Fills a disk that `limit` makes small or large, twice; returns what was said."""
    limit(2**18)
    store = opened("", path)
    written, message = written_until_full(store)
    messages = {message, written_until_full(store, written)[1]}
    assert_holds(store, [sentences("one", number) for number in range(written)])
    store.close()
    store = opened("", path)
    assert_holds(store, [sentences("one", number) for number in range(written)])
    messages.add(written_until_full(store, written)[1])
    limit(2**19)
    more, message = written_until_full(store, written)
    messages.add(message)
    assert more > written + 20 and written > 20
    assert_holds(store, [sentences("one", number) for number in range(more)])
    store.close()
    return messages


def use_a_full_file_system(path):
    libc = ctypes.CDLL(None, use_errno=True)
    alone_with_mounts, private, remount = 0x20000, 0x4000 | 0x40000, 0x20
    if libc.unshare(alone_with_mounts) or libc.mount(b"none", b"/", None, private, None):
        return None

    def limit(size, flags=remount):
        # The files of locks take some, too.
        options = f"size={size + 2**17}".encode()
        return libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", flags, options)

    if limit(2**18, flags=0):
        return None
    messages = use_a_full_disk(path / "store", limit)
    with pytest.raises(OSError, match="No space left"):
        with open(path / "rest", "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    # Through the map of the lock file, this ended the process by a signal.
    with pytest.raises(ConfigurationError) as raised:
        opened("", path / "new")
    return messages, raised.value.message


def use_a_limited_file(path):
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return use_a_full_disk(path, limit)


def test_a_full_disk(tmp_path):
    outcome = alone(use_a_full_file_system, tmp_path)
    assert outcome.error is None and outcome.signal is None, outcome
    if outcome.returned is None:
        pytest.skip("a small file system cannot be mounted here")
    messages, message_of_new = outcome.returned
    reasons = ["No space left on device", "Input/output error"]
    assert messages <= {full(tmp_path / "store", reason) for reason in reasons}
    assert message_of_new == (
        f"{tmp_path / 'new'}: the knowledge store cannot be opened: [Errno 28] No space left on device"
    )


def test_a_file_that_may_not_grow(tmp_path):
    outcome = alone(use_a_limited_file, tmp_path / "store")
    assert outcome.error is None, outcome
    reasons = ["File too large", "Input/output error"]
    assert outcome.returned <= {full(tmp_path / "store", reason) for reason in reasons}
