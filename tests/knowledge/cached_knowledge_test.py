"""The student's view of a filled store."""

import math

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import CachedKnowledge, Knowledge, KnowledgeRequest, MemoryKnowledgeStore

POSTERIORS = KnowledgeRequest(frozenset(["posteriors"]))
TAGS = {"O": 0, "B": 1, "I": 2}


@pytest.fixture
def store():
    """Two languages; the second's teachers have their labels in another order, and lack one."""
    store = MemoryKnowledgeStore()
    store.add_source("english", ["B", "I", "O"])
    store.add_source("german", ["O", "B"])
    store.write("english", {"k1": Knowledge(log_posteriors=np.array([[-1.0, -2.0, -3.0]]))})
    store.write("german", {"k1": Knowledge(log_posteriors=np.array([[-4.0, -5.0], [-6.0, -7.0]]))})
    return store


def cached(store, request=POSTERIORS, tags=TAGS):
    return CachedKnowledge(store, {"en": "english", "de": "german"}, request, tags)


def metadata(*sentences):
    return [{"language": language, "key": key, "words": []} for language, key in sentences]


def test_languages_in_one_batch(store):
    batch = cached(store).batch(metadata(("de", "k1"), ("en", "k1")), 2, torch.device("cpu"))
    assert batch.present.tolist() == [True, True]
    assert batch.log_posteriors.tolist() == [
        [[-4.0, -5.0, -math.inf], [-6.0, -7.0, -math.inf]],
        [[-3.0, -1.0, -2.0], [0.0, 0.0, 0.0]],
    ]


def test_absent_sentences(store):
    sentences = metadata(("en", "unknown key"), ("fr", "k1"), ("en", "k1"))
    batch = cached(store).batch(sentences, 1, torch.device("cpu"))
    assert batch.present.tolist() == [False, False, True]
    assert not batch.log_posteriors[:2].any()


def test_a_taught_sentence_that_the_store_lacks_is_told_of_once(store, caplog):
    of_run = cached(store)
    of_run.batch(metadata(("fr", "k1")), 1, torch.device("cpu"))
    assert not [record for record in caplog.records if "learnt from gold" in record.message]
    lacking = [{"language": "en", "key": "unknown", "words": ["It", "rains"]}] * 2
    for _ in range(2):
        of_run.batch(lacking, 1, torch.device("cpu"))
    (record,) = [record for record in caplog.records if "learnt from gold" in record.message]
    assert record.message == (
        'the store lacks what the teachers of "en" know of some sentences, such as "It rains": these are learnt from '
        "gold tags alone"
    )


def test_knowledge_that_answers_another_request_is_absent(store):
    request = POSTERIORS | KnowledgeRequest(frozenset(["paths"]), 2)
    batch = cached(store, request).batch(metadata(("en", "k1")), 1, torch.device("cpu"))
    assert batch.present.tolist() == [False]


def test_labels_that_do_not_fit(store):
    with pytest.raises(
        ConfigurationError, match='the labels of the teachers of "en" do not fit the student\'s'
    ):
        cached(store, tags={"O": 0, "B": 1})


def test_unknown_source(store):
    with pytest.raises(ValueError, match="the store has no labels of source french"):
        CachedKnowledge(store, {"fr": "french"}, POSTERIORS, TAGS)
