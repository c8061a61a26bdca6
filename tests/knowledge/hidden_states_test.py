"""Hidden states as knowledge: asked for by layer, padded, and kept."""

import re

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import Knowledge, KnowledgeBatch, MemoryKnowledgeStore
from skd_plugin.knowledge.comparison import UNITS, differences
from skd_plugin.knowledge.hidden_states import hidden_field, in_words, layer_of
from skd_plugin.knowledge.knowledge import array_names, as_arrays, fields_of
from tests.knowledge.stores import opened, request

CPU, TAGS = torch.device("cpu"), np.array([0, 1])


def states(num_tokens, dim=3, seed=0):
    random = np.random.RandomState(seed)
    return random.normal(size=(num_tokens, dim)).astype(np.float16)


def knowledge(num_tokens=2, **layers):
    layers = layers or {"hidden_-1": states(num_tokens)}
    return Knowledge(hidden={layer_of(name): array for name, array in layers.items()})


@pytest.mark.parametrize("layer", [0, 7, 12, -1, -13])
def test_names_of_fields(layer):
    assert layer_of(hidden_field(layer)) == layer
    assert in_words(hidden_field(layer)) == f"hidden states of layer {layer}"


@pytest.mark.parametrize("name", ["hidden", "hidden_", "hidden_x", "hidden_1.5", "paths"])
def test_other_names(name):
    assert layer_of(name) is None
    assert in_words("expected_transitions") == "expected transitions"


def test_requests_by_layer():
    both = request("hidden_-1", "posteriors") | request("hidden_2")
    assert both.hidden_layers == [-1, 2]
    assert request("posteriors").hidden_layers == []
    assert array_names(both) == {"hidden_-1", "hidden_2", "log_posteriors"}
    assert knowledge().lacks(both) == request("hidden_2", "posteriors")
    message = "and hidden_<layer>, got ['hidden_first']"
    with pytest.raises(ValueError, match=re.escape(message)):
        request("hidden_first")


def test_taken_apart_and_put_together():
    known = Knowledge(log_posteriors=np.zeros((2, 2)), hidden={0: states(2), -1: states(2, 4)})
    arrays = as_arrays(known)
    assert set(arrays) == {"log_posteriors", "hidden_0", "hidden_-1"}
    assert fields_of(arrays) == {"posteriors", "hidden_0", "hidden_-1"}
    again = Knowledge.of_arrays(arrays, 0)
    assert again.hidden.keys() == {0, -1} and again.hidden[0] is known.hidden[0]
    assert again.log_posteriors is known.log_posteriors
    assert known.nbytes == 2 * (3 + 4) * 2 + 32


def test_collate_pads():
    rows = [(knowledge(1), TAGS), None, (knowledge(3), TAGS)]
    batch = KnowledgeBatch.collate(rows, request("hidden_-1"), 4, 2, CPU)
    found = batch.hidden[-1]
    assert found.shape == (3, 4, 3) and found.dtype == torch.float32
    assert found[0, 0].tolist() == states(1)[0].tolist()
    assert found[2, :3].tolist() == states(3).tolist()
    assert not found[0, 1:].any() and not found[1].any() and not found[2, 3:].any()


def test_collate_of_absent_sentences():
    batch = KnowledgeBatch.collate([None, None], request("hidden_0"), 3, 2, CPU)
    assert batch.hidden[0].shape == (2, 3, 1) and not batch.present.any()


def test_teachers_of_several_sizes_are_refused():
    rows = [(knowledge(), TAGS), (knowledge(**{"hidden_-1": states(2, 5)}), TAGS)]
    message = "the hidden states of layer -1 have 3 and 5 features, by language: distil them from teachers of one size"
    with pytest.raises(ConfigurationError, match=message):
        KnowledgeBatch.collate(rows, request("hidden_-1"), 2, 2, CPU)


@pytest.mark.parametrize("kind", ["memory", "lmdb"])
def test_kept_layer_by_layer(kind, tmp_path):
    store = MemoryKnowledgeStore() if kind == "memory" else opened(tmp_path)
    store.add_source("source", ["O", "B-X"])
    first, second = states(40, 16, seed=1), states(40, 8, seed=2)
    store.write("source", {"key": knowledge(**{"hidden_-1": first})})
    both = request("hidden_-1", "hidden_0")
    assert store.missing("source", ["key"], both) == {"key": request("hidden_0")}
    store.write("source", {"key": knowledge(**{"hidden_0": second})})
    assert store.missing("source", ["key"], both) == {}
    (found,) = store.read("source", ["key"], both)
    assert found.hidden[-1].tobytes() == first.tobytes()
    assert found.hidden[0].tobytes() == second.tobytes()
    (one,) = store.read("source", ["key"], request("hidden_0"))
    assert one.hidden[0].tobytes() == second.tobytes()
    store.close()


def test_knowledge_that_lacks_the_layer():
    rows = [(knowledge(), TAGS)]
    with pytest.raises(ValueError, match="the knowledge does not answer the request"):
        KnowledgeBatch.collate(rows, request("hidden_0"), 2, 2, CPU)


def test_differences_are_relative():
    """One step of half precision is a thousandth, however large the value."""
    one = np.array([[20.0, 0.5]], dtype=np.float16)
    other = np.nextafter(one, np.float16(100))
    found = differences(knowledge(**{"hidden_0": one}), knowledge(**{"hidden_0": other}), 0)
    assert 0 < found["hidden_states"] < 1e-3
    apart = differences(knowledge(**{"hidden_0": one}), knowledge(**{"hidden_0": one[:, :1]}), 0)
    assert apart == {"hidden_states": float("inf")}


def test_differences():
    one, other = states(2), states(2)
    other[1, 2] += 0.5
    found = differences(
        knowledge(**{"hidden_0": one}), knowledge(**{"hidden_0": other, "hidden_1": other}), 0
    )
    assert found == {"hidden_states": pytest.approx(0.5, abs=1e-3)}
    assert set(found) <= set(UNITS)
