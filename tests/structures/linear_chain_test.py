"""The answers of `LinearChain` against the enumeration of all paths."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.structures.random_chains import FEW, RANDOM, batches, close, padded

SUMS = (
    "log_partition",
    "entropy",
    "log_marginals",
    "marginals",
    "edge_marginals",
    "expected_transitions",
)
PRECISIONS = st.sampled_from([torch.float64, torch.float64, torch.float32])


@RANDOM
@given(inputs=batches(), dtype=PRECISIONS)
def test_sums(inputs, dtype):
    chain, sentences = inputs.chain(dtype), inputs.sentences()
    largest = max(abs(score) for sentence in sentences for score in sentence.scores.values())
    tolerance = 1e-9 if dtype == torch.float64 else 1e-6 * (1 + largest)
    for name in SUMS:
        found = getattr(chain, name)
        assert found.dtype == dtype
        # What is impossible has the log-marginal -1e30 or less.
        found = found.masked_fill(found < -1e20, -math.inf)
        expected = [getattr(sentence, name)() for sentence in sentences]
        if name in ("log_partition", "entropy"):
            close(found, expected, tolerance)
        else:
            close(found, padded(expected, found), tolerance)


@RANDOM
@given(inputs=batches(), dtype=PRECISIONS, seed=st.integers(0, 2**32 - 1))
def test_score_and_log_prob_of_paths(inputs, dtype, seed):
    chain, sentences = inputs.chain(dtype), inputs.sentences()
    tags = torch.randint(
        chain.emissions.size(2),
        (len(sentences), 3, chain.mask.size(1)),
        generator=torch.Generator().manual_seed(seed),
    )
    scores, log_probs = chain.score(tags), chain.log_prob(tags)
    close(chain.score(tags[:, 0]), scores[:, 0].double(), 0)
    close(chain.log_prob(tags[:, 0]), log_probs[:, 0].double(), 0)
    expected = []
    for row, sentence in enumerate(sentences):
        paths = tags[row, :, : sentence.num_tokens].tolist()
        expected.append([sentence.scores.get(tuple(path), -math.inf) for path in paths])
    # Shape: (batch_size, 1)
    log_partition = torch.tensor(
        [[sentence.log_partition()] for sentence in sentences], dtype=torch.float64
    )
    tolerance = 1e-9 if dtype == torch.float64 else 1e-6 * (1 + float(log_partition.abs().max()))
    for found, shift in ((scores, 0.0), (log_probs, log_partition)):
        found = found.masked_fill(found < -1e20, -math.inf)
        close(found, torch.tensor(expected, dtype=torch.float64) - shift, tolerance)


@FEW
@given(inputs=batches())
def test_a_sentence_does_not_depend_on_its_batch(inputs):
    batch = inputs.chain()
    best, (best_paths, _) = batch.top_k(4), batch.argmax()
    for row, length in enumerate(inputs.mask.sum(dim=1).tolist()):
        alone = inputs._replace(
            emissions=inputs.emissions[[row], :length], mask=inputs.mask[[row], :length]
        )
        if inputs.transitions is not None and inputs.transitions.dim() == 3:
            alone = alone._replace(transitions=inputs.transitions[[row]])
        chain = alone.chain()
        for name in SUMS:
            found, expected = getattr(batch, name)[row], getattr(chain, name)[0]
            if name in ("log_marginals", "marginals", "edge_marginals"):
                found = found[: expected.size(0)]
            close(found.clamp(min=-1e20), expected.clamp(min=-1e20))
        # The very same paths in the same order, ties included.
        close(best.scores[row], chain.top_k(4).scores[0])
        assert torch.equal(best.paths[row, :, :length], chain.top_k(4).paths[0])
        assert torch.equal(best_paths[row, :length], chain.argmax()[0][0])


@FEW
@given(inputs=batches())
def test_without_transitions_tags_are_independent(inputs):
    independent = LinearChain(inputs.emissions, mask=inputs.mask)
    num_tags = inputs.emissions.size(2)
    zeros, square = torch.zeros(num_tags).double(), torch.zeros(num_tags, num_tags).double()
    chain = LinearChain(inputs.emissions, square, zeros, zeros, inputs.mask)
    for name in SUMS:
        found, expected = getattr(independent, name), getattr(chain, name)
        close(found.clamp(min=-1e20), expected.clamp(min=-1e20))
    for found, expected in zip(independent.top_k(5), chain.top_k(5)):
        assert torch.equal(found, expected)
    assert torch.equal(independent.argmax()[0], chain.argmax()[0])
    tags = chain.argmax()[0]
    close(independent.log_prob(tags), chain.log_prob(tags))
    close(independent.tempered(3.0).log_partition, chain.tempered(3.0).log_partition)
    statistics = (chain.marginals, chain.expected_transitions)
    close(independent.expected_score(*statistics), chain.expected_score(*statistics))


@pytest.mark.parametrize("missing", ["transitions", "start", "end"])
def test_what_is_missing_is_zero(missing):
    inputs = random_inputs([3, 1], 3)
    given_scores = {name: getattr(inputs, name) for name in ("transitions", "start", "end")}
    zeros = {**given_scores, missing: torch.zeros_like(given_scores[missing])}
    del given_scores[missing]
    found = LinearChain(inputs.emissions, mask=inputs.mask, **given_scores)
    expected = LinearChain(inputs.emissions, mask=inputs.mask, **zeros)
    close(found.log_partition, expected.log_partition, 0)
    close(found.marginals, expected.marginals, 0)


def test_one_token_is_a_softmax():
    emissions = torch.tensor([[[0.0, math.log(3.0)]]])
    chain = LinearChain(emissions, torch.randn(2, 2))
    close(chain.marginals, [[[0.25, 0.75]]], 1e-6)
    assert chain.edge_marginals.shape == (1, 0, 2, 2)
    assert not chain.expected_transitions.any()
    best = chain.top_k(3)
    assert best.paths.tolist() == [[[1], [0], [0]]] and best.mask.tolist() == [[True, True, False]]


def test_one_tag_is_certain():
    chain = LinearChain(torch.randn(2, 3, 1), torch.randn(1, 1))
    close(chain.entropy, [0.0, 0.0], 1e-6)
    close(chain.marginals, torch.ones(2, 3, 1), 1e-6)
    close(chain.expected_transitions, torch.full((2, 1, 1), 2.0), 1e-6)
    assert chain.top_k(4).mask.sum(dim=1).tolist() == [1, 1]


def test_a_sentence_without_possible_path_has_none():
    chain = LinearChain(torch.zeros(1, 2, 2), torch.full((2, 2), -math.inf))
    best = chain.top_k(2)
    assert not best.mask.any() and not best.paths.any() and (best.scores == -math.inf).all()
    paths, scores = chain.argmax()
    assert not paths.any() and (scores == -math.inf).all()
