"""However large a store is, reading it holds little memory."""

import functools
import os
import random
import re

import numpy as np
import pytest

from skd_plugin.knowledge import Knowledge, LmdbKnowledgeStore, lmdb_database, lmdb_store
from tests.knowledge.stores import LABELS, alone, bits, contents, request

MIB = 2**20
ASKED = request("emissions")
NUM_BLOCKS, SENTENCES_IN_BLOCK = 240, 25


def key(number):
    return f"sentence {number}"


@functools.lru_cache(maxsize=None)
def knowledge(number):
    """About 10 KB that hardly shrink."""
    values = np.random.RandomState(number).randint(2**15, size=(250, 20)).astype("<u2")
    return Knowledge(log_emissions=values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """About 60 MB."""
    folder = tmp_path_factory.mktemp("large")
    store = LmdbKnowledgeStore()
    store.open(str(folder))
    store.add_source("source", LABELS)
    for block in range(NUM_BLOCKS):
        numbers = range(block * SENTENCES_IN_BLOCK, (block + 1) * SENTENCES_IN_BLOCK)
        store.write("source", {key(number): knowledge(number) for number in numbers})
    store.close()
    assert os.path.getsize(folder / "knowledge" / "data.mdb") > 56 * MIB
    return folder


def mapped():
    """Bytes of files that are in the memory of this process."""
    with open("/proc/self/status") as status:
        found = re.search(r"RssFile:\s+(\d+) kB", status.read())
    return None if found is None else 1024 * int(found.group(1))


def read_at_random(folder, most_mapped):
    """The most that was mapped beyond the beginning after any transaction, and how often the store was opened."""
    lmdb_database.MOST_MAPPED = most_mapped
    opened, sizes = [], []
    open_once, transact = LmdbKnowledgeStore._open, LmdbKnowledgeStore.transact

    def counted(self):
        opened.append(1)
        open_once(self)

    def measured(self, *arguments):
        result = transact(self, *arguments)
        sizes.append(mapped())
        return result

    LmdbKnowledgeStore._open, LmdbKnowledgeStore.transact = counted, measured
    store = LmdbKnowledgeStore()
    store.open(str(folder))
    numbers = list(range(NUM_BLOCKS * SENTENCES_IN_BLOCK))
    random.Random(6).shuffle(numbers)
    for some in (numbers[start : start + 5] for start in range(0, len(numbers), 5)):
        found = store.read("source", [key(number) for number in some], ASKED)
        assert [bits(one) for one in found] == [bits(knowledge(number)) for number in some]
    keys = [key(number) for number in numbers]
    assert store.missing("source", [*keys, "unknown"], ASKED) == {"unknown": ASKED}
    assert len(contents(store)) == len(keys)
    store.close()
    return max(sizes) - sizes[0], len(opened)


@pytest.mark.skipif(
    not os.path.exists("/proc/self/status") or mapped() is None,
    reason="this system does not tell how much of files is in memory",
)
def test_what_is_mapped_stays_small(folder):
    # How much one reading maps differs between machines, by the size of the kernel's pages: half is far from both.
    half = os.path.getsize(folder / "knowledge" / "data.mdb") / 2
    bounded = alone(read_at_random, folder, 2 * MIB)
    assert bounded.error is None, bounded
    most, times_opened = bounded.returned
    assert most < half and times_opened > 10
    # Without the bound, all of the store is in memory in the end.
    unbounded = alone(read_at_random, folder, 2**40)
    assert unbounded.error is None, unbounded
    most, times_opened = unbounded.returned
    assert most > 1.5 * half and times_opened == 1


def test_scanning_and_writing_between_reopenings(folder, monkeypatch):
    monkeypatch.setattr(lmdb_database, "MOST_MAPPED", 2 * MIB)
    opened = []
    original = LmdbKnowledgeStore._open
    monkeypatch.setattr(
        LmdbKnowledgeStore, "_open", lambda self: (opened.append(1), original(self))
    )
    store = LmdbKnowledgeStore()
    store.open(str(folder))
    assert len(contents(store)) == NUM_BLOCKS * SENTENCES_IN_BLOCK and len(opened) > 5
    before = len(opened)
    for number in range(100):
        store.write("source", {f"{number}": knowledge(number)})
        assert bits(store.read("source", [f"{number}"], ASKED)[0]) == bits(knowledge(number))
    assert len(opened) > before
    store.forget("source", [lmdb_store._digest(str(number)) for number in range(100)])
    store.close()
