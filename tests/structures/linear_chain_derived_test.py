"""Chains made of chains, `tempered` and `relabeled`, against enumeration."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.brute_force import random_inputs
from tests.structures.random_chains import FEW, batches, chain_of, close, padded, parameters


@FEW
@given(inputs=batches(), temperature=st.sampled_from([0.5, 1.0, 3.0, 100.0]))
def test_tempered(inputs, temperature):
    chain = inputs.chain().tempered(temperature)
    sentences = [sentence.tempered(temperature) for sentence in inputs.sentences()]
    close(chain.log_partition, [sentence.log_partition() for sentence in sentences])
    close(chain.marginals, padded([one.marginals() for one in sentences], chain.marginals))
    edges = chain.edge_marginals
    close(edges, padded([one.edge_marginals() for one in sentences], edges))
    for row, sentence in enumerate(sentences):
        assert chain.top_k(1100).mask[row].sum() == min(1100, len(sentence.scores))


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_is_positive(temperature):
    with pytest.raises(ValueError, match="temperature"):
        random_inputs([2], 2).chain().tempered(temperature)


@FEW
@given(inputs=batches(), seed=st.integers(0, 2**32 - 1), ordered=st.booleans())
def test_relabeled(inputs, seed, ordered):
    chain, num_tags = inputs.chain(), inputs.emissions.size(2)
    generator = torch.Generator().manual_seed(seed)
    tags = torch.randperm(num_tags + 2, generator=generator)[:num_tags]
    tags = tags.sort()[0] if ordered else tags
    relabeled, mask = chain.relabeled(tags, num_tags + 2), inputs.mask.unsqueeze(1)
    close(relabeled.log_partition, chain.log_partition)
    close(relabeled.entropy, chain.entropy)

    old, new = chain.top_k(20), relabeled.top_k(20)
    close(new.scores, old.scores)
    assert torch.equal(new.mask, old.mask)
    if ordered:
        exists = old.mask.unsqueeze(2) & mask
        assert torch.equal(new.paths, tags[old.paths] * exists)
    paths = torch.randint(num_tags, (len(inputs.mask), 5, inputs.mask.size(1)), generator=generator)
    found, expected = relabeled.log_prob(tags[paths]), chain.log_prob(paths)
    close(found.clamp(min=-1e20), expected.clamp(min=-1e20))

    added = torch.ones(num_tags + 2, dtype=torch.bool)
    added[tags] = False
    assert (relabeled.log_marginals[inputs.mask][:, added] < -1e20).all()
    assert not relabeled.marginals[..., added].any()
    close(relabeled.marginals[..., tags], chain.marginals)
    close(
        relabeled.expected_transitions[:, tags.unsqueeze(1), tags],
        chain.expected_transitions,
    )


@FEW
@given(inputs=batches(), forth=st.permutations(range(4)))
def test_relabeled_and_back(inputs, forth):
    chain, num_tags = inputs.chain(), inputs.emissions.size(2)
    there = torch.tensor([tag for tag in forth if tag < num_tags])
    back = chain.relabeled(there, num_tags).relabeled(there.argsort(), num_tags)
    for name in ("emissions", "transitions", "start", "end"):
        assert torch.equal(getattr(back, name), getattr(chain, name))


@pytest.mark.parametrize("transitions", ["shared", "own", "none"])
def test_gradients_pass_through(transitions):
    inputs = random_inputs([3, 1], 2, forbidden=0.2, transitions=transitions)
    scores = parameters(inputs)
    relabeled = chain_of(scores, inputs.mask).relabeled(torch.tensor([2, 0]), 3)
    tempered = chain_of([2.0 * one for one in scores], inputs.mask).tempered(2.0)
    expected = torch.autograd.grad(chain_of(scores, inputs.mask).entropy.sum(), scores)
    for chain in (relabeled, tempered):
        for found, gradient in zip(torch.autograd.grad(chain.entropy.sum(), scores), expected):
            close(found, gradient)


def test_tempered_keeps_what_is_forbidden():
    inputs = random_inputs([3], 2)
    inputs.transitions[0, 1] = -math.inf
    chain = inputs.chain(torch.float32).tempered(1e6)
    assert chain.edge_marginals[0, :, 0, 1].tolist() == [0.0, 0.0]
    assert chain.top_k(8).mask.sum() == 4
