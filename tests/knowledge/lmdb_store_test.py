"""The store on disk: kept between runs, shared by processes, grown, and whole after a crash."""

import multiprocessing
import os
import signal

import lmdb
import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import Knowledge, LmdbKnowledgeStore
from skd_plugin.knowledge.lmdb_store import SCHEMA_VERSION

# Forked children have this module and need no import of their own.
FORK = multiprocessing.get_context("fork")
BATCH = 5


def opened(folder, path=None):
    store = LmdbKnowledgeStore(path)
    store.open(str(folder))
    return store


def knowledge(number, size=4):
    return Knowledge(log_emissions=np.full((size, 2), number, dtype=np.float32))


def batch(writer, number, size=4):
    """One transaction of several sentences."""
    return {f"{writer}-{number}-{part}": knowledge(number, size) for part in range(BATCH)}


def in_process(function, *arguments):
    process = FORK.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


def finish(*processes):
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0


@pytest.fixture
def small_map(monkeypatch):
    """Stores begin with a map of 64 KiB."""
    original = lmdb.open
    monkeypatch.setattr(
        lmdb, "open", lambda *args, **options: original(*args, **{**options, "map_size": 2**16})
    )


def test_reopened(tmp_path):
    store = opened(tmp_path)
    store.add_source("source", ["O", "X"])
    store.write("source", {"key": knowledge(1)})
    store.close()
    again = opened(tmp_path)
    assert again.labels("source") == ["O", "X"]
    np.testing.assert_array_equal(
        again.read("source", "key").log_emissions, knowledge(1).log_emissions
    )
    again.close()


def write_one(folder):
    store = opened(folder)
    store.add_source("source", ["O"])
    store.write("source", {"key": knowledge(7)})
    store.close()


def test_reopened_by_another_process(tmp_path):
    finish(in_process(write_one, tmp_path))
    store = opened(tmp_path)
    assert store.labels("source") == ["O"] and store.read("source", "key").log_emissions[0, 0] == 7
    store.close()


def test_place(tmp_path):
    for store in (
        opened(tmp_path / "run"),
        opened(tmp_path / "run2", tmp_path / "shared" / "store"),
    ):
        store.close()
    assert (tmp_path / "run" / "knowledge" / "data.mdb").exists()
    assert (tmp_path / "shared" / "store" / "data.mdb").exists() and not (
        tmp_path / "run2"
    ).exists()


def test_closing_twice_and_use_after(tmp_path):
    store = opened(tmp_path)
    store.close()
    store.close()
    with pytest.raises(RuntimeError, match="the knowledge store is not open"):
        store.read("source", "key")


def test_the_map_grows(tmp_path, small_map):
    store = opened(tmp_path)
    for number in range(20):
        store.write("source", batch("one", number, size=2000))
    assert store._environment.info()["map_size"] > 2**20
    assert all(
        store.read("source", f"one-{number}-4").log_emissions[0, 0] == number
        for number in range(20)
    )
    store.close()


def write_many(folder, writer, size):
    store = opened(folder)
    for number in range(20):
        store.write("source", batch(writer, number, size))
    store.close()


@pytest.mark.parametrize("size", [4, 1000])
def test_two_processes_write_at_once(tmp_path, small_map, size):
    """With the larger size, either process meets a map that the other has grown."""
    finish(*[in_process(write_many, tmp_path, writer, size) for writer in ("one", "two")])
    store = opened(tmp_path)
    for writer in ("one", "two"):
        for number in range(20):
            for key, expected in batch(writer, number, size).items():
                found = store.read("source", key)
                assert found is not None
                np.testing.assert_array_equal(found.log_emissions, expected.log_emissions)
    store.close()


def read_and_write_when_told(folder, pipe):
    store = opened(folder)
    pipe.send("open")
    assert pipe.recv() == "grown"
    assert store.read("source", "parent-19-0").log_emissions[0, 0] == 19
    store.write("source", batch("child", 0))
    store.close()


def test_a_map_that_another_process_has_grown(tmp_path, small_map):
    here, there = FORK.Pipe()
    child = in_process(read_and_write_when_told, tmp_path, there)
    assert here.recv() == "open"
    write_many(tmp_path, "parent", size=1000)
    here.send("grown")
    finish(child)
    store = opened(tmp_path)
    assert store.read("source", "child-0-0").log_emissions[0, 0] == 0
    store.close()


def write_and_report(folder, pipe):
    """Writes without end; says after each transaction which it was."""
    store = opened(folder)
    number = 0
    while True:
        store.write("source", batch("one", number))
        pipe.send(number)
        number += 1


def test_what_is_written_survives_a_kill(tmp_path):
    receiver, sender = FORK.Pipe(duplex=False)
    writer = in_process(write_and_report, tmp_path, sender)
    try:
        reported = [receiver.recv() for _ in range(10)][-1]
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(timeout=60)
    store = opened(tmp_path)
    number = 0
    while True:
        there = [store.read("source", key) is not None for key in batch("one", number)]
        if not all(there):
            break
        number += 1
    # A transaction is there as a whole or not at all, and all that were reported are there.
    assert not any(there) and number > reported
    store.write("source", batch("two", 0))
    assert store.read("source", "two-0-0") is not None
    store.close()


def test_an_interrupted_write_leaves_nothing(tmp_path):
    store = opened(tmp_path)
    with pytest.raises(AttributeError):
        store.write("source", {"good": knowledge(1), "bad": None})
    assert store.read("source", "good") is None
    store.close()


def test_another_schema_version(tmp_path):
    path = tmp_path / "store"
    opened(tmp_path, path).close()
    environment = lmdb.open(str(path))
    with environment.begin(write=True) as transaction:
        assert transaction.get(b"schema_version") == str(SCHEMA_VERSION).encode()
        transaction.put(b"schema_version", b"99")
    environment.close()
    with pytest.raises(ConfigurationError) as raised:
        LmdbKnowledgeStore(path).open(str(tmp_path))
    assert raised.value.message == (
        f"{path}: this knowledge store has schema version 99; expected {SCHEMA_VERSION}. "
        "Point the store elsewhere, or delete the folder to compute the knowledge anew."
    )
    # The refused store is closed again: it can be opened and looked at.
    lmdb.open(str(path)).close()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(ConfigurationError) as raised:
            LmdbKnowledgeStore(path).open(str(tmp_path))
        assert raised.value.message.startswith(f"{path}: the knowledge store cannot be opened: ")


def open_as_a_guest(path, pipe):
    if os.geteuid() == 0:  # who may write everywhere
        os.setuid(65534)
    try:
        opened(path.parent, path)
    except ConfigurationError as error:
        pipe.send(error.message)


def test_a_folder_that_cannot_be_written(tmp_path):
    path = tmp_path / "store"
    path.mkdir()
    path.chmod(0o500)
    receiver, sender = FORK.Pipe(duplex=False)
    finish(in_process(open_as_a_guest, path, sender))
    assert receiver.poll(0), "the store was opened"
    message = receiver.recv()
    assert message.startswith(f"{path}: the knowledge store cannot be opened: ")
    assert "ermission denied" in message


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "store"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"not a database " * 1000)
    with pytest.raises(ConfigurationError, match="store: the knowledge store cannot be opened: "):
        LmdbKnowledgeStore(path).open(str(tmp_path))
