"""The best path in a graph, beside `LinearChain.argmax`."""

import numpy as np
import pytest
import torch

from skd_plugin.serving.decoding import best_paths
from skd_plugin.serving.graph import Graph
from skd_plugin.structures import LinearChain

runtime = pytest.importorskip("onnxruntime")


def decoded(chain, emissions, mask):
    """Paths and scores by a graph of nothing else."""
    graph = Graph()
    logits = graph.input("logits", np.float32, ["batch_size", "num_tokens", emissions.size(2)])
    there = graph.input("mask", np.bool_, ["batch_size", "num_tokens"])
    tags, scores = best_paths(graph, chain, logits, there)
    graph.output("tags", tags, np.int64, ["batch_size", "num_tokens"])
    graph.output("scores", scores, np.float32, ["batch_size"])
    model = graph.model().SerializeToString()
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"logits": emissions.numpy(), "mask": mask.numpy()})


def check(emissions, mask, *scores):
    chain = LinearChain(emissions, *scores, mask=mask)
    expected_paths, expected_scores = chain.argmax()
    paths, found = decoded(chain, emissions, mask)
    np.testing.assert_array_equal(paths, expected_paths.numpy())
    np.testing.assert_allclose(found, expected_scores.numpy(), rtol=1e-6)
    return found


def random_batch(seed, num_tags, lengths):
    torch.manual_seed(seed)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    emissions = torch.randn(len(lengths), max(lengths), num_tags)
    return emissions, mask, [torch.randn(num_tags, num_tags), *torch.randn(2, num_tags)]


@pytest.mark.parametrize("num_tags", [1, 2, 7])
@pytest.mark.parametrize("lengths", [[1], [1, 1], [5], [3, 9, 1, 4]], ids=str)
def test_random_chains(num_tags, lengths):
    for seed in range(5):
        emissions, mask, scores = random_batch(seed, num_tags, lengths)
        check(emissions, mask, *scores)
        check(emissions, mask)


def test_forbidden_transitions():
    for seed in range(20):
        emissions, mask, scores = random_batch(seed, 4, [6, 2, 1])
        forbidden = torch.rand(4, 4) < 0.3
        scores[0] = scores[0].masked_fill(forbidden, -float("inf"))
        check(emissions, mask, *scores)


def test_no_possible_path():
    emissions, mask, scores = random_batch(0, 3, [2, 1])
    scores[0] = torch.full((3, 3), -float("inf"))
    found = check(emissions, mask, *scores)
    assert found[0] == -np.inf and np.isfinite(found[1])


def test_the_first_of_equals():
    emissions, mask = torch.zeros(2, 4, 3), torch.tensor([[True] * 4, [True, False, False, False]])
    check(emissions, mask)
    check(emissions, mask, torch.zeros(3, 3), torch.zeros(3), torch.zeros(3))


def test_padding_is_of_no_influence():
    emissions, mask, scores = random_batch(1, 3, [2, 5])
    emissions[0, 2:] = 1e6
    check(emissions, mask, *scores)
    check(emissions, mask)
