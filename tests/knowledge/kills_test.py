"""Processes that fill a store and are killed; `make kills` kills fifty times."""

import os
import random
import signal
import time

import pytest

from skd_plugin.knowledge import LmdbKnowledgeStore
from tests.knowledge.stores import (
    ALL,
    FORK,
    alone,
    assert_holds,
    contents,
    finish,
    in_process,
    opened,
    sentences,
)

NUM_KILLS = int(os.environ.get("SKD_KILLS", "5"))
# More than are written between two kills.
BATCHES = [sentences("one", number, size=8) for number in range(25 * NUM_KILLS)]


def fill(folder, pipe, is_writing):
    """Adds what is missing, and tells of each batch when it is committed."""
    store = opened(folder)
    for number, batch in enumerate(BATCHES):
        if store.missing("source", list(batch), ALL):
            is_writing.value = True
            store.write("source", batch)
            is_writing.value = False
            pipe.send(number)
    store.close()


def killed(folder, moments):
    """Fills until a random moment; returns the batches that were told of, and whether one was just being written."""
    receiver, sender = FORK.Pipe(duplex=False)
    is_writing = FORK.RawValue("b")
    process = in_process(fill, folder, sender, is_writing)
    sender.close()
    told = [receiver.recv() for _ in range(moments.randint(1, 5))]
    time.sleep(moments.uniform(0, 0.01))
    os.kill(process.pid, signal.SIGKILL)
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL
    try:
        while True:
            told.append(receiver.recv())
    except EOFError:
        return told, is_writing.value


def whole_batches(store):
    """Which batches are there; of none there is a part."""
    missing = [len(store.missing("source", list(batch), ALL)) for batch in BATCHES]
    assert set(missing) <= {0, 8}
    return {number for number, lack in enumerate(missing) if lack == 0}


def test_kills_at_random_moments(tmp_path, record_property):
    moments = random.Random(NUM_KILLS)
    committed, while_writing = set(), 0
    for _ in range(NUM_KILLS):
        told, was_writing = killed(tmp_path / "killed", moments)
        while_writing += was_writing
        committed |= set(told)
        store = opened(tmp_path / "killed")
        found = whole_batches(store)
        assert committed <= found and len(found - committed) <= 1
        assert_holds(store, [BATCHES[number] for number in found])
        committed = found
        store.close()
    assert len(committed) < len(BATCHES), "nothing was left to do after the last kill"
    record_property("kills while a batch was written", while_writing)
    print(f"{while_writing} of {NUM_KILLS} kills came while a batch was written")
    undisturbed = []
    for name in ("killed", "undisturbed"):
        receiver, sender = FORK.Pipe(duplex=False)
        process = in_process(fill, tmp_path / name, sender, FORK.RawValue("b"))
        sender.close()
        while True:
            try:
                receiver.recv()
            except EOFError:
                break
        finish(process)
        store = opened(tmp_path / name)
        undisturbed.append(contents(store))
        store.close()
    assert len(undisturbed[0]) == 8 * len(BATCHES)
    assert undisturbed[0] == undisturbed[1]


def write_and_be_killed(folder, place):
    """Is killed where the index is about to have so many sentences of a batch."""
    original, noted = LmdbKnowledgeStore._note, []

    def note(self, *arguments):
        noted.append(arguments)
        if len(noted) == place:
            os.kill(os.getpid(), signal.SIGKILL)
        original(self, *arguments)

    store = opened(folder)
    store.write("source", BATCHES[0])
    LmdbKnowledgeStore._note = note
    store.write("source", BATCHES[1])


@pytest.mark.parametrize("place", [1, 4, 8])
def test_a_kill_inside_a_transaction(tmp_path, place):
    assert alone(write_and_be_killed, tmp_path, place).signal == "SIGKILL"
    store = opened(tmp_path)
    assert whole_batches(store) == {0}
    store.write("source", BATCHES[1])
    assert_holds(store, BATCHES[:2])
    store.close()


def open_and_be_killed(folder):
    original = LmdbKnowledgeStore._tables_of

    def tables_of(self, *arguments, **options):
        original(self, *arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    LmdbKnowledgeStore._tables_of = tables_of
    opened(folder)


def test_a_kill_while_the_store_is_made(tmp_path):
    assert alone(open_and_be_killed, tmp_path).signal == "SIGKILL"
    store = opened(tmp_path)
    store.write("source", BATCHES[0])
    assert_holds(store, BATCHES[:1])
    store.close()
