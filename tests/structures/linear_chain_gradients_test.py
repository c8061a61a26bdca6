"""Gradients of all that is differentiable, by finite differences and by one another."""

import math

import pytest
import torch
from hypothesis import given
from torch.autograd import gradcheck

from tests.brute_force import random_inputs
from tests.structures.random_chains import (
    FEW,
    batches,
    chain_of,
    close,
    parameters,
    possible,
    weighted,
)

TAGS = torch.tensor([[0, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 1]])
ANSWERS = {
    name: lambda chain, name=name: getattr(chain, name)
    for name in (
        "log_partition",
        "log_marginals",
        "marginals",
        "edge_marginals",
        "expected_transitions",
        "entropy",
    )
}
ANSWERS["score"] = lambda chain: chain.score(TAGS)
ANSWERS["log_prob"] = lambda chain: chain.log_prob(TAGS)
ANSWERS["log_prob of paths"] = lambda chain: chain.log_prob(torch.stack([TAGS, 1 - TAGS], dim=1))
ANSWERS["tempered"] = lambda chain: chain.tempered(0.7).entropy
DISTANCES = {
    "cross_entropy": lambda chain, other: chain.cross_entropy(other),
    "kl_divergence": lambda chain, other: chain.kl_divergence(other),
    "expected_score": lambda chain, other: other.expected_score(
        chain.marginals, chain.expected_transitions
    ),
}
KINDS = [
    ("shared", "scaled"),
    ("shared", "log_space"),
    ("own", "scaled"),
    ("own", "log_space"),
    ("none", None),
]


def ragged(transitions="shared", seed=0, forbidden=0.0):
    """With a column of padding beyond the longest sentence."""
    return random_inputs(
        [3, 1, 2], 2, seed, forbidden=forbidden, num_tokens=4, transitions=transitions
    )


@pytest.mark.parametrize("forbidden", [0.0, 0.3])
@pytest.mark.parametrize("transitions, sums", KINDS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_by_finite_differences(answer, transitions, sums, forbidden):
    inputs = ragged(transitions, forbidden=forbidden)
    assert gradcheck(
        lambda *scores: weighted(ANSWERS[answer](chain_of(scores, inputs.mask, sums))),
        parameters(inputs),
    )


@pytest.mark.parametrize("transitions, sums", KINDS)
@pytest.mark.parametrize("distance", DISTANCES)
def test_of_distances_by_finite_differences(distance, transitions, sums):
    # What one chain forbids is no part of the distance, but the other may allow it.
    inputs, others = ragged(transitions, forbidden=0.2), ragged(transitions, seed=1)
    scores = parameters(inputs)

    def value(*both):
        chain = chain_of(both[: len(scores)], inputs.mask, sums)
        other = chain_of(both[len(scores) :], inputs.mask, sums)
        return weighted(DISTANCES[distance](chain, other))

    assert gradcheck(value, scores + parameters(others))


@pytest.mark.parametrize("transitions", ["shared", "own"])
def test_marginals_are_the_gradient_of_the_log_partition(transitions):
    inputs = random_inputs([5, 2, 1], 4, forbidden=0.2, num_tokens=6, transitions=transitions)
    scores = parameters(inputs)
    chain = chain_of(scores, inputs.mask)
    gradients = torch.autograd.grad(chain.log_partition.sum(), scores)
    last = torch.stack([row[mask][-1] for row, mask in zip(chain.marginals, inputs.mask)])
    moves = chain.expected_transitions
    expected = [
        chain.marginals,
        moves if transitions == "own" else moves.sum(dim=0),
        chain.marginals[:, 0].sum(0),
        last.sum(0),
    ]
    for found, marginals in zip(gradients, expected):
        close(found, marginals.detach())


@FEW
@given(inputs=batches())
def test_padding_changes_no_gradient(inputs):
    longest = int(inputs.mask.sum(dim=1).max())
    wider = torch.nn.functional.pad(inputs.mask, (0, 3))
    emissions = torch.nn.functional.pad(inputs.emissions, (0, 0, 0, 3), value=7.0)
    cut = inputs._replace(emissions=inputs.emissions[:, :longest], mask=inputs.mask[:, :longest])
    gradients = []
    for one in (inputs._replace(emissions=emissions, mask=wider), cut):
        scores = parameters(one)
        chain = chain_of(scores, one.mask)
        answers = (chain.log_partition, chain.log_marginals[:, :longest], chain.entropy)
        total = sum(weighted(answer) for answer in answers)
        gradients.append(torch.autograd.grad(total, scores))
    assert not gradients[0][0][~wider].any()
    close(gradients[0][0][:, :longest], gradients[1][0])
    for found, expected in zip(gradients[0][1:], gradients[1][1:]):
        close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("transitions, sums", KINDS)
@pytest.mark.parametrize("answer", ["log_partition", "log_marginals", "edge_marginals", "entropy"])
def test_finite_where_scores_are_forbidden(answer, transitions, sums, dtype):
    inputs = random_inputs([5, 1, 3], 4, forbidden=0.5, num_tokens=6, transitions=transitions)
    scores = parameters(inputs, dtype)
    possible(ANSWERS[answer](chain_of(scores, inputs.mask, sums))).sum().backward()
    assert all(torch.isfinite(tensor.grad).all() for tensor in scores)
    for tensor in scores:
        assert not tensor.grad[tensor == -math.inf].any()


@pytest.mark.parametrize("needed", range(4))
def test_of_one_kind_of_score_alone(needed):
    inputs = ragged()
    scores = parameters(inputs)
    (expected,) = torch.autograd.grad(chain_of(scores, inputs.mask).entropy.sum(), [scores[needed]])
    alone = [one.detach().requires_grad_(rank == needed) for rank, one in enumerate(scores)]
    (found,) = torch.autograd.grad(chain_of(alone, inputs.mask).entropy.sum(), [alone[needed]])
    close(found, expected, 0)


@pytest.mark.parametrize("sums", ["scaled", "log_space"])
def test_a_graph_can_be_run_backward_again(sums):
    inputs = ragged()
    scores = parameters(inputs)
    chain = chain_of(scores, inputs.mask, sums)
    total = weighted(chain.log_marginals) + weighted(chain.edge_marginals) + chain.entropy.sum()
    first = torch.autograd.grad(total, scores, retain_graph=True)
    for found, expected in zip(torch.autograd.grad(total, scores), first):
        close(found, expected, 0)
