"""What holds for every store."""

import numpy as np
import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skd_plugin.knowledge import (
    Knowledge,
    KnowledgeRequest,
    KnowledgeStore,
    LmdbKnowledgeStore,
    MemoryKnowledgeStore,
)
from skd_plugin.knowledge.knowledge import FIELDS, array_names, as_arrays
from tests.knowledge.stores import bits, opened, request, sentence

POSTERIORS = request("posteriors")


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    store = KnowledgeStore.from_params(Params({"type": request.param}))
    store.open(str(tmp_path))
    store.add_source("source", ["O", "X"])
    yield store
    store.close()


def paths_of(number):
    return request("paths", num_paths=number)


def paths(number, asked=None, num_tokens=4, first=0):
    """The given number of paths, whose log-probabilities are -1, -2, ..."""
    return Knowledge(
        paths=(first + np.arange(number * num_tokens)).reshape(number, -1).astype(np.uint8),
        path_log_probs=-np.arange(1, number + 1, dtype=np.float32),
        num_paths_asked=asked or number,
    )


def posteriors(value=0.5):
    return Knowledge(log_posteriors=np.log(np.full((4, 2), value)).astype(np.float16))


def read_one(store, asked, key="key", source="source"):
    return store.read(source, [key], asked)[0]


def all_of(knowledge):
    """The request that asks for all that is in some knowledge."""
    fields = [
        field for field in FIELDS if array_names(request_of(field)) <= set(as_arrays(knowledge))
    ]
    return KnowledgeRequest(
        frozenset(fields), knowledge.num_paths_asked if "paths" in fields else 0
    )


def request_of(field):
    return request(field, num_paths=int(field == "paths"))


def test_lmdb_is_the_default():
    assert isinstance(KnowledgeStore.from_params(Params({})), LmdbKnowledgeStore)
    assert {"memory", "lmdb"} <= set(KnowledgeStore.list_available())


def test_unknown_things(store):
    assert store.labels("other") is None
    for source in ("other", "source"):
        assert store.read(source, ["key", "other key"], POSTERIORS) == [None, None]
        assert store.missing(source, ["key"], POSTERIORS) == {"key": POSTERIORS}


def test_labels(store):
    labels = ["O", "B-LOC", "名", 'with "quotes", /slashes and spaces']
    store.add_source("one", labels, "a teacher")
    store.add_source("two", ["Y"])
    assert [store.labels(name) for name in ("source", "one", "two")] == [["O", "X"], labels, ["Y"]]


@pytest.mark.parametrize(
    "knowledge",
    [
        paths(3),
        paths(2, asked=10),
        posteriors(),
        Knowledge(),
        sentence(1),
        Knowledge(log_emissions=np.array([[-np.inf, -0.0]], dtype=np.float16)),
        Knowledge(np.array([[0, 300]], dtype=np.uint16), np.zeros(1, np.float32), 1),
        Knowledge(expected_transitions=np.array([[0.5, 1.5], [0, 0]], dtype=np.float16)),
        sentence(2, num_tokens=9000),
    ],
)
def test_what_is_written_is_read(store, knowledge):
    store.write("source", {"key": knowledge})
    assert bits(read_one(store, all_of(knowledge))) == bits(knowledge)
    assert store.missing("source", ["key"], all_of(knowledge)) == {}


def test_the_order_of_keys(store):
    keys = [f"key {number}" for number in range(9)]
    store.write("source", {key: posteriors(0.1 + 0.1 * place) for place, key in enumerate(keys)})
    asked = [*reversed(keys), "unknown", keys[3]]
    found = store.read("source", asked, POSTERIORS)
    assert found.pop(-2) is None
    places = [8 - number for number in range(9)] + [3]
    assert [bits(one) for one in found] == [bits(posteriors(0.1 + 0.1 * one)) for one in places]
    assert list(store.missing("source", ["b", *asked, "a"], POSTERIORS)) == ["b", "unknown", "a"]


def test_sources_and_keys_are_apart(store):
    for source in ("one", "two"):
        store.add_source(source, ["O"])
    store.write("one", {"a": paths(1), "b": paths(2)})
    store.write("two", {"a": paths(3)})
    asked = paths_of(1)
    where = [("a", "one"), ("b", "one"), ("a", "two")]
    assert [read_one(store, asked, *one).num_paths_asked for one in where] == [1, 2, 3]
    assert read_one(store, asked, "b", "two") is None


def test_keys_of_any_script(store):
    store.write("source", {"keý/词": paths(1), "": paths(2), "x" * 5000: paths(3)})
    for number, key in enumerate(["keý/词", "", "x" * 5000], start=1):
        assert bits(read_one(store, paths_of(number), key)) == bits(paths(number))


def test_writing_adds_fields(store):
    store.write("source", {"key": paths(3)})
    store.write("source", {"key": posteriors(), "new": posteriors()})
    both = paths_of(3) | POSTERIORS
    found = read_one(store, both)
    assert bits(found) == (3, {**bits(paths(3))[1], **bits(posteriors())[1]})
    assert read_one(store, both, "new") is None
    assert store.missing("source", ["key", "new"], both) == {"new": paths_of(3)}


def test_what_is_missing(store):
    store.write("source", {"key": paths(3)})
    asked = paths_of(5) | request("posteriors", "emissions")
    assert store.missing("source", ["key"], asked) == {"key": asked}
    store.write("source", {"key": posteriors()})
    assert store.missing("source", ["key"], asked) == {"key": paths_of(5) | request("emissions")}
    assert store.missing("source", ["key"], paths_of(3) | POSTERIORS) == {}
    assert store.missing("source", [], asked) == {}


def test_a_later_answer_replaces_an_earlier_one(store):
    store.write("source", {"key": posteriors(0.5)})
    store.write("source", {"key": posteriors(0.25)})
    assert bits(read_one(store, POSTERIORS)) == bits(posteriors(0.25))


def test_more_paths_replace_fewer_and_fewer_never_replace_more(store):
    store.write("source", {"key": paths(3, first=100)})
    assert read_one(store, paths_of(5)) is None
    for number in (10, 5, 3):
        store.write("source", {"key": paths(number, first=number)})
        for asked in (1, 3, 5, 10):
            assert bits(read_one(store, paths_of(asked))) == bits(paths(10, first=10))


def test_stored_paths_serve_who_asks_for_fewer(store):
    store.write("source", {"key": paths(10)})
    assert all(read_one(store, paths_of(number)) is not None for number in (1, 5, 10))
    assert read_one(store, paths_of(11)) is None
    assert store.missing("source", ["key"], paths_of(11)) == {"key": paths_of(11)}


def test_all_paths_that_exist_answer_who_asked_for_more(store):
    store.write("source", {"key": paths(2, asked=10)})
    assert bits(read_one(store, paths_of(10))) == bits(paths(2, asked=10))


def test_a_store_of_an_unknown_type():
    with pytest.raises(ConfigurationError, match="redis"):
        KnowledgeStore.from_params(Params({"type": "redis"}))


@st.composite
def any_knowledge(draw):
    """Some of the fields; every call gives numbers of its own."""
    first = draw(st.integers(0, 100))
    num_tokens = draw(st.integers(1, 3))
    asked = draw(st.sampled_from([0, 1, 2, 5, 10]))
    fields = draw(st.sets(st.sampled_from(FIELDS[1:])))
    dtype = draw(st.sampled_from([np.float16, np.float32]))
    arrays = vars(paths(min(asked, 5), asked, num_tokens, first)).copy() if asked else {}
    for place, field in enumerate(sorted(fields)):
        name = f"log_{field}" if field in ("posteriors", "emissions") else field
        values = np.full((num_tokens, 2), first + place / 10).astype(dtype)
        values[0, 0] = draw(st.sampled_from([-np.inf, -0.0, 0.0]))
        arrays[name] = values
    return Knowledge(**arrays)


batches = st.lists(
    st.dictionaries(st.sampled_from("abc"), any_knowledge(), max_size=3), min_size=1, max_size=6
)


def any_request():
    return st.builds(
        lambda fields, num_paths: KnowledgeRequest(
            frozenset(fields | {"paths"}) if num_paths else frozenset(fields), num_paths
        ),
        st.sets(st.sampled_from(FIELDS[1:])),
        st.sampled_from([0, 1, 2, 5, 10, 11]),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(batches, st.lists(any_request(), min_size=1, max_size=4))
def test_stores_agree(tmp_path, batches, requests):
    """Whatever is written in whatever order, the store on disk and a dictionary say the same of it."""
    memory, lmdb = MemoryKnowledgeStore(), opened(tmp_path)
    lmdb.forget("source", [one.digest for one in lmdb.scan()])
    for batch in batches:
        for store in (memory, lmdb):
            store.write("source", batch)
    for asked in requests:
        assert memory.missing("source", "abcd", asked) == lmdb.missing("source", "abcd", asked)
        if not asked.fields:
            continue
        found = [store.read("source", "abcd", asked) for store in (memory, lmdb)]
        for of_memory, of_lmdb in zip(*found):
            if of_memory is None:
                assert of_lmdb is None
                continue
            # The store on disk gives what was asked for, and no more.
            num_paths, arrays = bits(of_memory)
            asked_for = {name: arrays[name] for name in array_names(asked)}
            assert bits(of_lmdb) == (num_paths if asked.num_paths else 0, asked_for)
    lmdb.close()
