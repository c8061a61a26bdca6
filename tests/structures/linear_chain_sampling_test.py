"""Draws from chains, tested against the enumerated distribution."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from scipy.stats import chisquare

from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.structures.random_chains import FEW, batches, chain_of, close, parameters

NUM_SAMPLES = 40_000
SMALLEST_P_VALUE = 1e-3

CHAINS = {
    "free": random_inputs([3, 1, 2], 3, scale=1.0),
    "forbidden transitions": random_inputs([3, 2, 3], 3, seed=3, scale=1.0, forbidden=0.3),
    "own transitions": random_inputs([2, 3, 1], 2, scale=1.0, transitions="own", num_tokens=4),
    "independent": random_inputs([3, 1], 3, scale=1.0, transitions="none"),
    "ties": random_inputs([3, 2], 3, ties=True),
    "summed in log space": random_inputs([3, 2], 2, seed=1, scale=1.0),
}
# A spread of 600 nats on a tag that the end then forbids.
CHAINS["summed in log space"].start[0] = -600.0
CHAINS["summed in log space"].transitions[0, 0] = -600.0
CHAINS["summed in log space"].emissions[:, 0, 0] += 600.0


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def p_value(samples, sentence):
    """That paths are drawn from the enumerated chain; 0 if one of them is impossible."""
    counts = Counter(tuple(path[: sentence.num_tokens]) for path in samples.tolist())
    expected = {path: len(samples) * p for path, p in sentence.probabilities().items()}
    if not set(counts) <= set(expected):
        return 0.0
    # Fewer than ten are too few for the test, and are counted together.
    bins = {path: path if number >= 10 else "rare" for path, number in expected.items()}
    observed, wanted = Counter(), Counter()
    for path, number in expected.items():
        observed[bins[path]] += counts[path]
        wanted[bins[path]] += number
    if len(wanted) == 1:
        return 1.0
    return chisquare([observed[one] for one in wanted], list(wanted.values())).pvalue


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CHAINS)
def test_draws_follow_the_distribution(name, dtype):
    inputs = CHAINS[name]
    samples = inputs.chain(dtype).sample(NUM_SAMPLES, generator())
    assert samples.shape == (len(inputs.mask), NUM_SAMPLES, inputs.mask.size(1))
    for row, sentence in enumerate(inputs.sentences()):
        assert p_value(samples[row], sentence) > SMALLEST_P_VALUE


def test_another_distribution_would_be_noticed():
    sentence = CHAINS["free"].sentences()[0]
    samples = CHAINS["free"].chain().tempered(1.1).sample(NUM_SAMPLES, generator())[0]
    assert p_value(samples, sentence) < 1e-9


def test_sentences_and_draws_are_independent():
    inputs = random_inputs([2, 2], 2, scale=0.0)
    first, second = inputs.chain().sample(NUM_SAMPLES, generator())
    assert p_value(torch.stack([first[:, 0], second[:, 1]], dim=1), inputs.sentences()[0]) > 1e-3
    in_pairs = first[:, 0].view(-1, 2)
    assert p_value(in_pairs, inputs.sentences()[0]) > SMALLEST_P_VALUE


@FEW
@given(inputs=batches())
def test_only_possible_paths_are_drawn(inputs):
    for dtype in (torch.float32, torch.float64):
        samples = inputs.chain(dtype).sample(20, generator())
        assert not (samples * ~inputs.mask.unsqueeze(1)).any()
        for paths, sentence in zip(samples.tolist(), inputs.sentences()):
            assert {tuple(path[: sentence.num_tokens]) for path in paths} <= set(sentence.scores)


def test_a_generator_makes_draws_repeatable():
    chain = random_inputs([6, 3], 4).chain()
    samples = chain.sample(50, generator(1))
    assert torch.equal(samples, chain.sample(50, generator(1)))
    assert not torch.equal(samples, chain.sample(50, generator(2)))
    source = generator(1)
    assert torch.equal(samples, chain.sample(50, source))
    assert not torch.equal(samples, chain.sample(50, source))


def test_without_a_generator_torch_has_one():
    chain = random_inputs([6, 3], 4).chain()
    torch.manual_seed(3)
    samples = chain.sample(50)
    torch.manual_seed(3)
    assert torch.equal(samples, chain.sample(50))


@pytest.mark.parametrize("sums", ["scaled", "log_space"])
def test_drawing_first_leaves_the_gradients(sums):
    inputs = random_inputs([3, 2], 3)
    scores = parameters(inputs)
    for name in ("log_partition", "log_marginals", "marginals", "edge_marginals", "entropy"):
        gradients = []
        for drawn_first in (False, True):
            chain = chain_of(scores, inputs.mask, sums)
            if drawn_first:
                assert not chain.sample(2, generator()).requires_grad
            gradients.append(torch.autograd.grad((getattr(chain, name) ** 2).sum(), scores))
        for found, expected in zip(*gradients):
            close(found, expected)


def test_a_long_sentence_is_drawn_whole():
    # Tag 1 must follow tag 0 and be followed by it.
    moves = torch.tensor([[-math.inf, 0.0], [0.0, -math.inf]])
    samples = LinearChain(torch.randn(1, 1000, 2), moves).sample(100, generator())
    assert (samples[..., 1:] + samples[..., :-1] == 1).all()
