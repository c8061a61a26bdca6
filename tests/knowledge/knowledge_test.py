"""Requests, knowledge of one sentence, and batches of it."""

import math
import re

import numpy as np
import pytest
import torch

from skd_plugin.knowledge import Knowledge, KnowledgeBatch, KnowledgeRequest
from skd_plugin.knowledge.knowledge import array_names, as_arrays

CPU = torch.device("cpu")
ALL = KnowledgeRequest(frozenset(["paths", "posteriors", "emissions"]), num_paths=3)


def request(*fields, num_paths=0):
    return KnowledgeRequest(frozenset(fields), num_paths)


def test_union_of_requests():
    both = request("paths", num_paths=5) | request("posteriors") | request("paths", num_paths=3)
    assert both == request("paths", "posteriors", num_paths=5)
    assert KnowledgeRequest() | both == both
    assert request("emissions") | request("emissions") == request("emissions")


@pytest.mark.parametrize(
    "fields, num_paths, message",
    [
        (
            ["logits"],
            0,
            "fields: expected some of ('paths', 'posteriors', 'emissions', "
            "'expected_transitions', 'transitions', 'sentence_embedding') and hidden_<layer>, got ['logits']",
        ),
        (["paths"], 0, "positive number with paths and 0 without, got 0 with fields ['paths']"),
        (
            ["paths", "emissions"],
            -2,
            "positive number with paths and 0 without, got -2 with fields ['emissions', 'paths']",
        ),
        (
            ["posteriors"],
            4,
            "positive number with paths and 0 without, got 4 with fields ['posteriors']",
        ),
    ],
)
def test_refused_requests(fields, num_paths, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        KnowledgeRequest(frozenset(fields), num_paths)


def sentence(num_tokens=2, num_labels=2, num_paths=3, asked=3):
    """Knowledge whose values tell where they come from."""
    paths = np.arange(num_paths * num_tokens).reshape(num_paths, num_tokens) % num_labels
    scores = -np.arange(1, num_tokens * num_labels + 1, dtype=np.float16)
    return Knowledge(
        paths=paths.astype(np.uint8),
        path_log_probs=-np.arange(1, num_paths + 1, dtype=np.float32),
        num_paths_asked=asked,
        log_posteriors=scores.reshape(num_tokens, num_labels),
        log_emissions=10 * scores.reshape(num_tokens, num_labels),
    )


@pytest.mark.parametrize(
    "knowledge, asked, expected",
    [
        (sentence(), ALL, request()),
        (sentence(), request(), request()),
        (sentence(), request("paths", num_paths=2), request()),
        (sentence(), request("paths", num_paths=4), request("paths", num_paths=4)),
        # Four were asked for, and no more than three exist.
        (sentence(asked=4), request("paths", num_paths=4), request()),
        (Knowledge(), request("posteriors"), request("posteriors")),
        (Knowledge(), ALL, ALL),
        (Knowledge(log_emissions=np.zeros((1, 2))), request("emissions"), request()),
        (
            Knowledge(log_emissions=np.zeros((1, 2))),
            ALL,
            request("paths", "posteriors", num_paths=3),
        ),
        (
            sentence(),
            request("paths", "emissions", "transitions", num_paths=5),
            request("paths", "transitions", num_paths=5),
        ),
    ],
)
def test_what_it_lacks(knowledge, asked, expected):
    assert knowledge.lacks(asked) == expected


def test_the_arrays_of_a_request():
    assert array_names(request()) == set()
    asked = request("paths", "emissions", "expected_transitions", num_paths=1)
    names = {"paths", "path_log_probs", "log_emissions", "expected_transitions"}
    assert array_names(asked) == names


def test_arrays_that_are_there():
    assert set(as_arrays(sentence())) == {
        "paths",
        "path_log_probs",
        "log_posteriors",
        "log_emissions",
    }
    assert as_arrays(Knowledge(num_paths_asked=3)) == {}


def test_collate_moves_labels_to_tags_by_name():
    # The teacher's labels 0 and 1 are the student's tags 2 and 0; tag 1 is unknown to the teacher.
    batch = KnowledgeBatch.collate([(sentence(), np.array([2, 0]))], ALL, 2, 3, CPU)
    assert batch.paths.tolist() == [[[2, 0], [2, 0], [2, 0]]]
    assert batch.path_log_probs.tolist() == [[-1.0, -2.0, -3.0]]
    assert batch.log_posteriors.tolist() == [[[-2.0, -math.inf, -1.0], [-4.0, -math.inf, -3.0]]]
    assert batch.log_emissions.tolist() == [[[-20.0, -math.inf, -10.0], [-40.0, -math.inf, -30.0]]]
    assert batch.present.tolist() == [True]


def test_collate_pads():
    tags = np.array([0, 1])
    rows = [(sentence(num_tokens=1, num_paths=2), tags), (sentence(num_tokens=3), tags)]
    batch = KnowledgeBatch.collate(rows, ALL, 4, 2, CPU)
    assert batch.paths.shape == (2, 3, 4) and batch.paths.dtype == torch.int64
    assert batch.path_mask.tolist() == [[True, True, False], [True, True, True]]
    assert batch.path_log_probs[0].tolist() == [-1.0, -2.0, -math.inf]
    assert batch.paths[0].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert batch.paths[1, 0].tolist() == [0, 1, 0, 0]
    for scores in (batch.log_posteriors, batch.log_emissions):
        assert scores.shape == (2, 4, 2) and scores.dtype == torch.float32
        assert not scores[0, 1:].any() and not scores[1, 3:].any()
        assert torch.isfinite(scores).all()


def test_collate_takes_the_best_of_more_paths():
    batch = KnowledgeBatch.collate(
        [(sentence(num_paths=9, asked=9), np.array([0, 1]))],
        request("paths", num_paths=2),
        2,
        2,
        CPU,
    )
    assert batch.path_log_probs.tolist() == [[-1.0, -2.0]] and batch.paths.shape == (1, 2, 2)


def test_collate_fills_what_is_asked_for_alone():
    batch = KnowledgeBatch.collate(
        [(sentence(), np.array([0, 1]))], request("emissions"), 2, 2, CPU
    )
    assert batch.log_emissions is not None
    assert batch.paths is batch.path_log_probs is batch.path_mask is batch.log_posteriors is None


def test_absent_sentences_are_harmless():
    batch = KnowledgeBatch.collate([None, (sentence(), np.array([0, 1])), None], ALL, 2, 2, CPU)
    assert batch.present.tolist() == [False, True, False]
    # One path of probability 1, and even distributions: no NaN anywhere.
    assert batch.path_mask[0].tolist() == [True, False, False]
    assert batch.path_log_probs[0, 0] == 0 and not batch.paths[0].any()
    assert not batch.log_posteriors[0].any() and not batch.log_emissions[2].any()


def test_a_batch_of_absent_sentences():
    assert KnowledgeBatch.collate([None, None], ALL, 3, 2, CPU).paths.shape == (2, 3, 3)


@pytest.mark.parametrize(
    "asked", [request("paths", num_paths=1), request("posteriors"), request("emissions")]
)
def test_knowledge_that_does_not_answer(asked):
    with pytest.raises(ValueError, match="the knowledge does not answer the request"):
        KnowledgeBatch.collate([(Knowledge(), np.array([0]))], asked, 1, 1, CPU)


def test_collate_moves_expected_transitions_and_scores():
    expected = np.array([[0.5, 0.25], [0.0, 0.25]], dtype=np.float16)
    # From each of two labels to each; then of the first label, then of the last.
    scores = np.array([[1, 2], [3, 4], [5, 6], [7, -np.inf]], dtype=np.float16)
    knowledge = Knowledge(expected_transitions=expected, transitions=scores)
    asked = request("expected_transitions", "transitions")
    batch = KnowledgeBatch.collate([(knowledge, np.array([2, 0])), None], asked, 2, 3, CPU)
    # The teacher's labels 0 and 1 are the student's tags 2 and 0; tag 1 is unknown to the teacher.
    assert batch.expected_transitions[0].tolist() == [[0.25, 0, 0], [0, 0, 0], [0.25, 0, 0.5]]
    unknown = -math.inf
    assert batch.transitions[0].tolist() == [
        [4, unknown, 3],
        [unknown] * 3,
        [2, unknown, 1],
        [6, unknown, 5],
        [-math.inf, unknown, 7],
    ]
    assert not batch.expected_transitions[1].any() and not batch.transitions[1].any()
    assert knowledge.lacks(asked) == request()
    assert set(as_arrays(knowledge)) == {"expected_transitions", "transitions"}
