"""What holds for every store."""

import numpy as np
import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import Knowledge, KnowledgeRequest, KnowledgeStore, LmdbKnowledgeStore
from skd_plugin.knowledge.knowledge import as_arrays

PATHS_OF = {number: KnowledgeRequest(frozenset(["paths"]), number) for number in (3, 5, 10, 11)}


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    store = KnowledgeStore.from_params(Params({"type": request.param}))
    store.open(str(tmp_path))
    yield store
    store.close()


def paths(number, asked=None, num_tokens=4):
    """The given number of paths, whose log-probabilities are -1, -2, ..."""
    return Knowledge(
        paths=np.arange(number * num_tokens).reshape(number, num_tokens).astype(np.uint8),
        path_log_probs=-np.arange(1, number + 1, dtype=np.float32),
        num_paths_asked=asked or number,
    )


def posteriors(value=0.5):
    return Knowledge(log_posteriors=np.log(np.full((4, 2), value)).astype(np.float16))


def assert_same(found, expected):
    assert found.num_paths_asked == expected.num_paths_asked
    found, expected = as_arrays(found), as_arrays(expected)
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_lmdb_is_the_default():
    assert isinstance(KnowledgeStore.from_params(Params({})), LmdbKnowledgeStore)
    assert {"memory", "lmdb"} <= set(KnowledgeStore.list_available())


def test_unknown_things_are_none(store):
    assert store.labels("source") is None and store.read("source", "key") is None
    assert not store.answers("source", "key", KnowledgeRequest())


def test_labels(store):
    labels = ["O", "B-LOC", "名", 'with "quotes", /slashes and spaces']
    store.add_source("source", labels)
    assert store.labels("source") == labels and store.labels("other") is None


@pytest.mark.parametrize(
    "knowledge",
    [
        paths(3),
        paths(2, asked=10),
        posteriors(),
        Knowledge(),
        Knowledge(log_emissions=np.array([[-np.inf, 0.0]], dtype=np.float16)),
        Knowledge(np.array([[0, 300]], dtype=np.uint16), np.zeros(1, np.float32), 1),
    ],
)
def test_what_is_written_is_read(store, knowledge):
    store.write("source", {"key": knowledge})
    assert_same(store.read("source", "key"), knowledge)


def test_sources_and_keys_are_apart(store):
    store.write("one", {"a": paths(1), "b": paths(2)})
    store.write("two", {"a": paths(3)})
    assert [
        store.read(*where).num_paths_asked for where in (("one", "a"), ("one", "b"), ("two", "a"))
    ] == [1, 2, 3]
    assert store.read("two", "b") is None


def test_keys_of_any_script(store):
    store.write("source", {"keý/词": paths(1)})
    assert_same(store.read("source", "keý/词"), paths(1))


def test_writing_adds_fields(store):
    store.write("source", {"key": paths(3)})
    store.write("source", {"key": posteriors(), "new": posteriors()})
    both = store.read("source", "key")
    np.testing.assert_array_equal(both.paths, paths(3).paths)
    np.testing.assert_array_equal(both.log_posteriors, posteriors().log_posteriors)
    assert both.num_paths_asked == 3
    assert store.answers("source", "key", PATHS_OF[3] | KnowledgeRequest(frozenset(["posteriors"])))
    assert not store.answers("source", "new", PATHS_OF[3])


def test_a_later_answer_replaces_an_earlier_one(store):
    store.write("source", {"key": posteriors(0.5)})
    store.write("source", {"key": posteriors(0.25)})
    assert_same(store.read("source", "key"), posteriors(0.25))


def test_more_paths_replace_fewer_and_fewer_never_replace_more(store):
    store.write("source", {"key": paths(3)})
    assert not store.answers("source", "key", PATHS_OF[5])
    store.write("source", {"key": paths(10)})
    assert_same(store.read("source", "key"), paths(10))
    store.write("source", {"key": paths(5)})
    assert_same(store.read("source", "key"), paths(10))


def test_stored_paths_serve_who_asks_for_fewer(store):
    store.write("source", {"key": paths(10)})
    assert store.answers("source", "key", PATHS_OF[5]) and store.answers(
        "source", "key", PATHS_OF[10]
    )
    assert not store.answers("source", "key", PATHS_OF[11])


def test_all_paths_that_exist_answer_who_asked_for_more(store):
    store.write("source", {"key": paths(2, asked=10)})
    assert store.answers("source", "key", PATHS_OF[10])


def test_a_store_of_an_unknown_type():
    with pytest.raises(ConfigurationError, match="redis"):
        KnowledgeStore.from_params(Params({"type": "redis"}))
