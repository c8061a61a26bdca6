"""Processes that fill and read one store at once."""

import os

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.knowledge.records import DamagedRecord
from tests.knowledge.stores import (
    ALL,
    FORK,
    LABELS,
    assert_holds,
    contents,
    finish,
    in_process,
    opened,
    sentences,
)

NUM_BATCHES = 10


def batches_of(writer, size):
    return [sentences(writer, number, size) for number in range(NUM_BATCHES)]


def fill_and_read(folder, writer, other, size, barrier):
    """Adds sentences of its own, and after each round reads what the other added in it."""
    barrier.wait()
    store = opened(folder)  # at the same moment, where there is none
    for mine, others in zip(batches_of(writer, size), batches_of(other, size)):
        barrier.wait()
        store.write("source", mine)
        barrier.wait()
        assert_holds(store, [mine, others])
    assert_holds(store, batches_of(writer, size) + batches_of(other, size))
    store.close()


@pytest.mark.parametrize("size", [3, 60])
def test_two_processes_fill_and_read_at_once(tmp_path, small_map, size):
    """With the larger size, either process meets a map that the other has grown."""
    barrier = FORK.Barrier(2, timeout=60)
    finish(
        in_process(fill_and_read, tmp_path, "one", "two", size, barrier),
        in_process(fill_and_read, tmp_path, "two", "one", size, barrier),
    )
    store = opened(tmp_path)
    assert_holds(store, batches_of("one", size) + batches_of("two", size))
    assert len(contents(store)) == 2 * NUM_BATCHES * size
    store.close()


def fill_sources(folder, writer, barrier):
    store = LmdbKnowledgeStore()
    barrier.wait()
    store.open(str(folder))
    for number in range(NUM_BATCHES):
        for name in (f"{writer} {number}", f"both {number}"):
            store.add_source(name, LABELS)
            store.write(name, sentences(name, number))
    store.close()


def test_sources_that_are_noted_at_once(tmp_path):
    barrier = FORK.Barrier(2, timeout=60)
    finish(*[in_process(fill_sources, tmp_path, name, barrier) for name in ("one", "two")])
    store = LmdbKnowledgeStore()
    store.open(str(tmp_path))
    sources = store.sources()
    assert sorted(source.number for source in sources.values()) == list(range(3 * NUM_BATCHES))
    for name in sources:
        expected = sentences(name, int(name.split()[1]))
        assert store.missing(name, list(expected), ALL) == {}
    assert len(contents(store)) == 5 * len(sources)
    store.close()


def read_and_write_when_told(folder, pipe):
    store = opened(folder)
    pipe.send("open")
    assert pipe.recv() == "grown"
    assert_holds(store, batches_of("parent", 100))
    store.write("source", sentences("child", 0))
    store.close()


def test_a_map_that_another_process_has_grown(tmp_path, small_map):
    here, there = FORK.Pipe()
    child = in_process(read_and_write_when_told, tmp_path, there)
    assert here.recv() == "open"
    store = opened(tmp_path)
    for batch in batches_of("parent", 100):
        store.write("source", batch)
    here.send("grown")
    finish(child)
    assert_holds(store, [sentences("child", 0), *batches_of("parent", 100)])
    store.close()


def write_when_told(folder, pipe):
    store = opened(folder)
    for number in iter(pipe.recv, None):
        store.write("source", sentences("one", number, size=200))
        pipe.send("written")
    store.close()


def test_a_store_that_grows_while_it_is_opened(tmp_path, monkeypatch):
    """It would look truncated if the size of its file were looked up before the number of its pages."""
    here, there = FORK.Pipe()
    writer = in_process(write_when_told, tmp_path, there)
    getsize, sizes = os.path.getsize, []

    def grow(path):
        sizes.append(getsize(path))
        here.send(len(sizes))
        assert here.recv() == "written"
        assert getsize(path) > sizes[-1]
        return sizes[-1]

    here.send(0)
    assert here.recv() == "written"
    monkeypatch.setattr(os.path, "getsize", grow)
    store = opened(tmp_path)
    assert len(sizes) == 1
    here.send(None)
    finish(writer)
    assert_holds(store, [sentences("one", number, size=200) for number in range(2)])
    store.close()


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_reader_without_locks_looks_again(tmp_path, monkeypatch, is_lost):
    """Where it cannot take part in locking, another process may write over what it is reading."""
    here, there = FORK.Pipe()
    writer = in_process(write_when_told, tmp_path, there)
    here.send(0)
    assert here.recv() == "written"
    monkeypatch.setattr(LmdbKnowledgeStore, "read_only", True)
    store = LmdbKnowledgeStore()
    store.open(str(tmp_path))
    looks = []

    def look(transaction):
        looks.append(transaction.id())
        if len(looks) == 1:
            here.send(1)
            assert here.recv() == "written"
            if is_lost:
                raise DamagedRecord
        return len(looks)

    assert store.transact(look) == 2 and looks[0] < looks[1]
    here.send(None)
    finish(writer)
    assert_holds(store, [sentences("one", number, size=200) for number in range(2)])
    with pytest.raises(ConfigurationError, match="the knowledge store is damaged"):
        store.transact(damaged)
    store.close()


def damaged(transaction):
    raise DamagedRecord
