"""Cross-entropy, divergence and expected scores between two chains against enumeration."""

import math
import re

import pytest
import torch
from hypothesis import given

from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.structures.random_chains import FEW, RANDOM, batches, close

# Beyond this scale probabilities underflow, and with them the paths that make a distance infinite.
pairs = batches(number=2, largest_scale=10.0)


@RANDOM
@given(inputs=pairs)
def test_distances(inputs):
    p, q = (one.chain() for one in inputs)
    sentences = list(zip(*(one.sentences() for one in inputs)))
    close(p.cross_entropy(q), [one.cross_entropy(other) for one, other in sentences])
    divergence = p.kl_divergence(q)
    close(divergence, [one.kl_divergence(other) for one, other in sentences])
    assert (divergence >= -1e-9).all()
    close(p.entropy + divergence, p.cross_entropy(q))


@FEW
@given(inputs=batches(largest_scale=10.0))
def test_of_equal_chains(inputs):
    p, q = inputs.chain(), inputs.chain()
    close(p.kl_divergence(q), torch.zeros(len(inputs.mask)))
    close(p.cross_entropy(q), p.entropy)
    close(p.cross_entropy(p), p.entropy)
    single = inputs.chain(torch.float32)
    assert (single.kl_divergence(inputs.chain(torch.float32)).abs() < 1e-5).all()


@FEW
@given(inputs=pairs)
def test_expected_score(inputs):
    p, q = (one.chain() for one in inputs)
    found = q.expected_score(p.marginals, p.expected_transitions)
    for row, (one, other) in enumerate(zip(*(one.sentences() for one in inputs))):
        if set(one.scores) <= set(other.scores):
            close(found[row], one.expectation(other.scores.__getitem__))
            close(q.log_partition[row] - found[row], one.cross_entropy(other))


def test_forbidden_by_one_side():
    open_chain = LinearChain(torch.zeros(1, 2, 2), torch.zeros(2, 2))
    forbidding = torch.tensor([[0.0, 0.0], [0.0, -math.inf]])
    closed_chain = LinearChain(torch.zeros(1, 2, 2), forbidding)
    assert open_chain.cross_entropy(closed_chain).tolist() == [math.inf]
    assert open_chain.kl_divergence(closed_chain).tolist() == [math.inf]
    close(closed_chain.cross_entropy(open_chain), [math.log(4)], 1e-6)
    close(closed_chain.kl_divergence(open_chain), [math.log(4 / 3)], 1e-6)


@pytest.mark.parametrize("where", ["first tag", "last tag", "one token", "dead end"])
def test_infinite_wherever_the_other_forbids(where):
    p = random_inputs([4, 2], 2)
    emissions, moves, start, end = (scores.clone() for scores in p[:4])
    if where == "first tag":
        start[1] = -math.inf
    elif where == "last tag":
        end[0] = -math.inf
    elif where == "one token":
        emissions[:, 1, 0] = -math.inf
    else:
        # Whoever is in tag 1 stays there, and must not end there.
        moves[1, 0] = end[1] = -math.inf
    q = LinearChain(emissions, moves, start, end, p.mask)
    assert p.chain().cross_entropy(q).tolist() == [math.inf] * 2
    assert p.chain().kl_divergence(q).tolist() == [math.inf] * 2
    assert torch.isfinite(q.kl_divergence(p.chain())).all()


def test_a_forbidding_sentence_leaves_the_others_finite():
    p = random_inputs([3, 3], 2)
    emissions = p.emissions.clone()
    emissions[0, 1, 0] = -math.inf
    found = p.chain().kl_divergence(p._replace(emissions=emissions).chain())
    close(found, [math.inf, 0.0])


OTHERS = {
    "longer": (random_inputs([3, 2], 2, num_tokens=4), "got (2, 4, 2)"),
    "more tags": (random_inputs([3, 2], 3), "got (2, 3, 3)"),
    "more sentences": (random_inputs([3, 2, 1], 2), "got (3, 3, 2)"),
    "another mask": (random_inputs([3, 1], 2), "with the same mask"),
}


@pytest.mark.parametrize("method", ["cross_entropy", "kl_divergence"])
@pytest.mark.parametrize("case", OTHERS)
def test_refused(case, method):
    chain, (other, message) = random_inputs([3, 2], 2).chain(), OTHERS[case]
    expected = re.escape("of shape (2, 3, 2) and with the same mask")
    with pytest.raises(ValueError, match=expected) as error:
        getattr(chain, method)(other.chain())
    assert message in str(error.value)
