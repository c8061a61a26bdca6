"""The index of the store on disk: what is superseded leaves it, and all of it can be gone through."""

import numpy as np

from skd_plugin.knowledge import Knowledge
from skd_plugin.knowledge.lmdb_store import _PLACE, _digest, index_key
from tests.knowledge.stores import (
    ALL,
    TRANSITIONS,
    assert_holds,
    bits,
    contents,
    only,
    opened,
    read,
    request,
    sentence,
    sentences,
)


def places(store, key="key"):
    """What the index has of a sentence: numbers of blocks and places in them."""
    with store._environment.begin() as transaction:
        value = transaction.get(index_key(0, _digest(key)), db=store.tables["index"])
    return list(_PLACE.iter_unpack(value))


def test_superseded_places_leave_the_index(store):
    posteriors = only(sentence(2), "log_posteriors")
    store.write("source", {"key": sentence(1), "other": sentence(1)})
    store.write("source", {"key": posteriors})
    assert [block for block, _ in places(store)] == [1, 0]
    store.write("source", {"key": posteriors})
    assert [block for block, _ in places(store)] == [2, 0]
    store.write("source", {"key": sentence(3)})
    assert [block for block, _ in places(store)] == [3]
    assert read(store, "key") == bits(sentence(3)) and read(store, "other") == bits(sentence(1))


def test_more_paths_beside_fewer(store):
    few = Knowledge(np.zeros((1, 2), np.uint8), np.zeros(1, np.float32), 1)
    more = Knowledge(np.ones((2, 2), np.uint8), np.zeros(2, np.float32), 2)
    for knowledge in (more, few, few, few):
        store.write("source", {"key": knowledge})
    assert len(places(store)) == 2
    assert read(store, "key", request("paths", num_paths=1)) == bits(more)
    store.write("source", {"key": more})
    assert len(places(store)) == 1


def test_scan(store):
    assert list(store.scan()) == []
    store.add_source("other", ["O"])
    batches = [sentences("one", number, size=60) for number in range(10)]
    for number, batch in enumerate(batches):
        store.write("other" if number % 3 else "source", batch)
    store.write("source", {"one-0-0": Knowledge(log_emissions=TRANSITIONS)})
    assert contents(store) == {
        ("other" if number % 3 else "source", _digest(key)): (
            bits(one)
            if key != "one-0-0"
            else (3, {**bits(one)[1], **bits(Knowledge(log_emissions=TRANSITIONS))[1]})
        )
        for number, batch in enumerate(batches)
        for key, one in batch.items()
    }
    assert len(list(store.scan())) == 600


def test_scanning_while_it_is_written(store):
    batches = [sentences("one", number, size=300) for number in range(2)]
    store.write("source", batches[0])
    scan = store.scan()
    found = [next(scan)]
    store.add_source("new", ["O"])
    store.write("new", {"new": sentence(1)})
    store.write("source", batches[1])
    found += scan
    # All that was there in the beginning, and none twice.
    digests = {(one.source, one.digest) for one in found}
    assert len(digests) == len(found)
    assert {("source", _digest(key)) for key in batches[0]} | {("new", _digest("new"))} <= digests


def test_copied_by_digest(store, tmp_path):
    store.write("source", sentences("one", 0))
    other = opened(tmp_path / "other")
    other.write_by_digest("source", {one.digest: one.knowledge for one in store.scan()})
    assert_holds(other, [sentences("one", 0)])
    other.close()


def test_what_was_forgotten_is_missing(store):
    batches = [sentences("one", number, size=300) for number in range(2)]
    for batch in batches:
        store.write("source", batch)
    forgotten = {**batches[0], "unknown": None}
    store.forget("source", [_digest(key) for key in forgotten])
    assert store.read("source", list(forgotten), ALL) == [None] * 301
    assert store.missing("source", list(forgotten), ALL) == dict.fromkeys(forgotten, ALL)
    assert set(contents(store)) == {("source", _digest(key)) for key in batches[1]}
    store.write("source", batches[0])
    assert_holds(store, batches)
    assert len(contents(store)) == 600
