"""Every dynamic program of `LinearChain` against the enumeration of all paths."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs

# Batches a test: six such tests make 600.
EXAMPLES = settings(max_examples=100)

random_batches = st.builds(
    random_inputs,
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    num_tags=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
    forbidden=st.sampled_from([0.0, 0.0, 0.2, 0.5]),
    ties=st.booleans(),
)


def close(found, expected, tolerance=1e-9):
    expected = torch.as_tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)


@EXAMPLES
@given(inputs=random_batches)
def test_log_partition_and_entropy(inputs):
    chain, sentences = inputs.chain(), inputs.sentences()
    close(chain.log_partition, [sentence.log_partition() for sentence in sentences])
    close(chain.entropy, [sentence.entropy() for sentence in sentences])


@EXAMPLES
@given(inputs=random_batches)
def test_marginals(inputs):
    chain = inputs.chain()
    for row, sentence in enumerate(inputs.sentences()):
        expected = torch.tensor(sentence.marginals(), dtype=torch.float64)
        close(chain.marginals[row, : sentence.num_tokens], expected)
        log_marginals = chain.log_marginals[row, : sentence.num_tokens]
        close(log_marginals[expected > 0], expected[expected > 0].log())
        assert (log_marginals[expected == 0] < -1e20).all()
        assert not chain.marginals[row, sentence.num_tokens :].any()
        assert not chain.log_marginals[row, sentence.num_tokens :].any()


@EXAMPLES
@given(inputs=random_batches)
def test_edge_marginals(inputs):
    edges = inputs.chain().edge_marginals
    for row, sentence in enumerate(inputs.sentences()):
        if sentence.num_tokens > 1:
            close(edges[row, : sentence.num_tokens - 1], sentence.edge_marginals())
        assert not edges[row, sentence.num_tokens - 1 :].any()


@EXAMPLES
@given(inputs=random_batches, data=st.data())
def test_score_and_log_prob_of_paths(inputs, data):
    chain, sentences = inputs.chain(), inputs.sentences()
    num_tags = chain.emissions.size(2)
    tags = torch.randint(
        num_tags,
        (len(sentences), 3, chain.mask.size(1)),
        generator=torch.Generator().manual_seed(data.draw(st.integers(0, 2**32 - 1))),
    )
    scores, log_probs = chain.score(tags), chain.log_prob(tags)
    close(chain.score(tags[:, 0]), scores[:, 0], 0)
    close(chain.log_prob(tags[:, 0]), log_probs[:, 0], 0)
    for row, sentence in enumerate(sentences):
        for rank in range(3):
            path = tuple(tags[row, rank, : sentence.num_tokens].tolist())
            if path in sentence.scores:
                close(scores[row, rank], sentence.scores[path])
                close(log_probs[row, rank], sentence.scores[path] - sentence.log_partition())
            else:
                assert scores[row, rank] < -1e20 and log_probs[row, rank] < -1e20


@EXAMPLES
@given(inputs=random_batches)
def test_argmax(inputs):
    paths, scores = inputs.chain().argmax()
    for row, sentence in enumerate(inputs.sentences()):
        best = sentence.top_k(1)[0][1]
        close(scores[row], best)
        path = tuple(paths[row, : sentence.num_tokens].tolist())
        assert math.isclose(sentence.scores[path], best, abs_tol=1e-9)
        assert not paths[row, sentence.num_tokens :].any()


@EXAMPLES
@given(inputs=random_batches, k=st.sampled_from([1, 2, 3, 7, 20, 1100]))
def test_top_k(inputs, k):
    best = inputs.chain().top_k(k)
    assert best.paths.shape == (len(inputs.mask), k, inputs.mask.size(1))
    for row, sentence in enumerate(inputs.sentences()):
        expected = [score for _, score in sentence.top_k(k)]
        number = min(k, len(sentence.scores))
        assert best.mask[row].tolist() == [True] * number + [False] * (k - number)
        close(best.scores[row, :number], expected)
        assert (best.scores[row, number:] == -math.inf).all()
        paths = [tuple(path[: sentence.num_tokens]) for path in best.paths[row].tolist()][:number]
        assert len(set(paths)) == number
        close(best.scores[row, :number], [sentence.scores[path] for path in paths])
        assert (
            not best.paths[row, number:].any()
            and not best.paths[row, :, sentence.num_tokens :].any()
        )


ANSWERS = ["log_partition", "log_marginals", "marginals", "edge_marginals", "entropy"]


@EXAMPLES
@given(inputs=random_batches)
def test_a_sentence_does_not_depend_on_its_batch(inputs):
    batch = inputs.chain()
    for row, length in enumerate(inputs.mask.sum(dim=1).tolist()):
        emissions, mask = inputs.emissions[[row], :length], inputs.mask[[row], :length]
        alone = inputs._replace(emissions=emissions, mask=mask).chain()
        for name in ANSWERS:
            expected = getattr(alone, name)
            found = getattr(batch, name)[row : row + 1]
            close(found[:, : expected.size(1)] if expected.dim() > 1 else found, expected)
        assert batch.top_k(4).scores[row].tolist() == pytest.approx(
            alone.top_k(4).scores[0].tolist()
        )
        assert batch.top_k(4).paths[row, :, :length].tolist() == alone.top_k(4).paths[0].tolist()


@pytest.mark.parametrize("lengths", [[1], [1, 1], [4], [3, 1]])
def test_single_precision_agrees_too(lengths):
    inputs = random_inputs(lengths, num_tags=3, forbidden=0.2)
    chain = inputs.chain(torch.float32)
    for row, sentence in enumerate(inputs.sentences()):
        close(chain.log_partition[row], sentence.log_partition(), 1e-5)
        close(chain.entropy[row], sentence.entropy(), 1e-5)
        close(chain.marginals[row, : sentence.num_tokens], sentence.marginals(), 1e-5)


def test_one_token_is_a_softmax():
    emissions = torch.tensor([[[0.0, math.log(3.0)]]])
    chain = LinearChain(emissions, torch.randn(2, 2))
    close(chain.marginals, [[[0.25, 0.75]]], 1e-6)
    assert chain.edge_marginals.shape == (1, 0, 2, 2)
    best = chain.top_k(3)
    assert best.paths.tolist() == [[[1], [0], [0]]] and best.mask.tolist() == [[True, True, False]]


def test_one_tag_is_certain():
    chain = LinearChain(torch.randn(2, 3, 1), torch.randn(1, 1))
    close(chain.entropy, [0.0, 0.0], 1e-6)
    close(chain.marginals, torch.ones(2, 3, 1), 1e-6)
    assert chain.top_k(4).mask.sum(dim=1).tolist() == [1, 1]


def test_a_sentence_without_possible_path_has_none():
    chain = LinearChain(torch.zeros(1, 2, 2), torch.full((2, 2), -math.inf))
    best = chain.top_k(2)
    assert not best.mask.any() and not best.paths.any() and (best.scores == -math.inf).all()
