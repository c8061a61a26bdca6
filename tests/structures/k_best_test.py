"""The best paths of chains: score, order, distinctness and number, against enumeration."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.structures.random_chains import FEW, RANDOM, batches, close, padded

PRECISIONS = st.sampled_from([torch.float64, torch.float64, torch.float32])
NUMBERS = [1, 2, 3, 7, 20, 1100]


@RANDOM
@given(inputs=batches(), k=st.sampled_from(NUMBERS), dtype=PRECISIONS)
def test_top_k(inputs, k, dtype):
    best = inputs.chain(dtype).top_k(k)
    assert best.paths.shape == (len(inputs.mask), k, inputs.mask.size(1))
    assert best.scores.dtype == dtype
    sentences = inputs.sentences()
    for row, sentence in enumerate(sentences):
        expected, number = sentence.top_k(k), min(k, len(sentence.scores))
        assert best.mask[row].tolist() == [True] * number + [False] * (k - number)
        paths = [tuple(path) for path in best.paths[row, :number, : sentence.num_tokens].tolist()]
        assert len(set(paths)) == number
        assert paths == [path for path, _ in expected]
        scores = best.scores[row, :number]
        close(scores, [score for _, score in expected], 1e-9 if dtype == torch.float64 else 1e-6)
        assert (scores[1:] <= scores[:-1]).all()
        assert (best.scores[row, number:] == -math.inf).all()
        assert not best.paths[row, number:].any()
        assert not best.paths[row, :, sentence.num_tokens :].any()


@RANDOM
@given(inputs=batches(), dtype=PRECISIONS)
def test_argmax(inputs, dtype):
    chain = inputs.chain(dtype)
    paths, scores = chain.argmax()
    expected = [sentence.top_k(1)[0] for sentence in inputs.sentences()]
    assert torch.equal(paths.double(), padded([path for path, _ in expected], paths))
    close(scores, [score for _, score in expected], 1e-9 if dtype == torch.float64 else 1e-6)
    # Equal to the last digit, ties included.
    assert torch.equal(paths, chain.top_k(1).paths[:, 0])
    assert torch.equal(scores, chain.top_k(1).scores[:, 0])


@FEW
@given(inputs=batches(), k=st.sampled_from(NUMBERS), more=st.integers(1, 30))
def test_fewer_are_the_first_of_more(inputs, k, more):
    fewer, all_of_them = inputs.chain().top_k(k), inputs.chain().top_k(k + more)
    for some, others in zip(fewer, all_of_them):
        assert torch.equal(some, others[:, :k])


@pytest.mark.parametrize("transitions", ["shared", "own", "none"])
def test_ties_do_not_depend_on_the_order_of_the_batch(transitions):
    inputs = random_inputs([4, 1, 5, 4, 2, 3], 3, ties=True, transitions=transitions)
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    shuffled = inputs._replace(emissions=inputs.emissions[order], mask=inputs.mask[order])
    if transitions == "own":
        shuffled = shuffled._replace(transitions=inputs.transitions[order])
    for found, expected in zip(shuffled.chain().top_k(30), inputs.chain().top_k(30)):
        assert torch.equal(found, expected[order])
    assert torch.equal(shuffled.chain().argmax()[0], inputs.chain().argmax()[0][order])


def test_among_equals_the_lower_last_tag_comes_first():
    chain = LinearChain(torch.zeros(1, 3, 2), torch.zeros(2, 2))
    assert chain.argmax()[0].tolist() == [[0, 0, 0]]
    assert chain.top_k(8).paths[0].tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [1, 1, 0],
        [0, 0, 1],
        [1, 0, 1],
        [0, 1, 1],
        [1, 1, 1],
    ]
    assert chain.top_k(3).paths.tolist() == [chain.top_k(8).paths[0, :3].tolist()]


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("positive", range(3))
def test_negative_zeros_are_zeros(positive, batched):
    emissions = torch.full((2, 3, 3), -0.0)
    emissions[..., positive] = 0.0
    transitions = torch.full((2, 3, 3) if batched else (3, 3), -0.0)
    chain = LinearChain(emissions, transitions, torch.full((3,), -0.0), torch.full((3,), -0.0))
    expected = LinearChain(torch.zeros(2, 3, 3)).top_k(27).paths
    assert torch.equal(chain.top_k(27).paths, expected)
    assert torch.equal(chain.top_k(2).paths, expected[:, :2])
    assert torch.equal(chain.argmax()[0], torch.zeros(2, 3).long())


@pytest.mark.parametrize("k", [10, 300])
def test_long_sentences(k):
    inputs = random_inputs([400, 37, 2], num_tags=6, forbidden=0.3, scale=3.0)
    chain = inputs.chain()
    best = chain.top_k(k)
    close(chain.score(best.paths)[best.mask], best.scores[best.mask])
    assert (best.scores[:, 1:] <= best.scores[:, :-1]).all()
    close(best.scores[:, 0], chain.argmax()[1])
    for paths, mask in zip(best.paths, best.mask):
        assert len({tuple(path) for path in paths[mask].tolist()}) == mask.sum()
    (short,) = inputs._replace(
        emissions=inputs.emissions[2:, :2], mask=inputs.mask[2:, :2]
    ).sentences()
    assert best.mask[2].sum() == min(k, len(short.scores))


@pytest.mark.parametrize("k", [0, -1])
def test_refused_k(k):
    with pytest.raises(ValueError, match=f"k: expected a positive number of paths, got {k}"):
        LinearChain(torch.zeros(1, 1, 2), torch.zeros(2, 2)).top_k(k)
