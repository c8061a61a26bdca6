"""`LinearChain`: precision, gradients, extreme scores, and what it refuses."""

import math
import re

import pytest
import torch
from torch.autograd import gradcheck

from skd_plugin.structures import LinearChain
from tests.brute_force import ChainInputs, random_inputs


def parameters(inputs):
    return [scores.clone().requires_grad_() for scores in inputs[:4]]


def weighted(tensor):
    """A scalar that looks at every entry differently."""
    weights = torch.linspace(0.5, 2.0, tensor.numel(), dtype=tensor.dtype)
    return (tensor.flatten() * weights).sum()


@pytest.mark.parametrize(
    "name", ["log_partition", "log_marginals", "marginals", "edge_marginals", "entropy"]
)
def test_gradients(name):
    inputs = random_inputs([3, 1, 2], num_tags=2)
    assert gradcheck(
        lambda *scores: weighted(getattr(LinearChain(*scores, inputs.mask), name)),
        parameters(inputs),
    )


@pytest.mark.parametrize("name", ["score", "log_prob"])
def test_gradients_of_paths(name):
    inputs = random_inputs([3, 1, 2], num_tags=2)
    tags = torch.tensor([[0, 1, 1], [1, 0, 0], [1, 1, 0]])
    assert gradcheck(
        lambda *scores: weighted(getattr(LinearChain(*scores, inputs.mask), name)(tags)),
        parameters(inputs),
    )


def test_marginals_are_the_gradient_of_the_log_partition():
    inputs = random_inputs([5, 2, 1], num_tags=4, forbidden=0.2)
    emissions, transitions, start, end = parameters(inputs)
    chain = LinearChain(emissions, transitions, start, end, inputs.mask)
    gradients = torch.autograd.grad(chain.log_partition.sum(), [emissions, transitions, start, end])
    last = torch.stack([row[mask][-1] for row, mask in zip(chain.marginals, inputs.mask)])
    expected = [
        chain.marginals,
        chain.edge_marginals.sum(dim=(0, 1)),
        chain.marginals[:, 0].sum(0),
        last.sum(0),
    ]
    for found, marginals in zip(gradients, expected):
        torch.testing.assert_close(found, marginals.detach())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "name", ["log_partition", "log_marginals", "marginals", "edge_marginals", "entropy"]
)
def test_gradients_are_finite_where_scores_are_forbidden(name, dtype):
    inputs = random_inputs([5, 1, 3], num_tags=4, forbidden=0.5)
    scores = [tensor.to(dtype).requires_grad_() for tensor in inputs[:4]]
    answer = getattr(LinearChain(*scores, inputs.mask), name)
    # What is impossible has the log-marginal -1e30 or less; it enters no loss.
    answer[answer > -1e20].sum().backward()
    assert all(torch.isfinite(tensor.grad).all() for tensor in scores)
    assert not scores[0].grad[inputs.emissions == -math.inf].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    half = ChainInputs(
        *[scores.to(dtype) for scores in random_inputs([6, 3], 3)[:4]],
        random_inputs([6, 3], 3).mask,
    )
    chain, single = half.chain(dtype), half.chain(torch.float32)
    for name in (
        "emissions",
        "transitions",
        "start",
        "end",
        "log_partition",
        "log_marginals",
        "marginals",
    ):
        found = getattr(chain, name)
        assert found.dtype == torch.float32
        assert torch.equal(found, getattr(single, name))
    assert torch.equal(chain.top_k(3).scores, single.top_k(3).scores)


def test_half_precision_gradients_keep_their_type():
    emissions = torch.randn(2, 3, 2).half().requires_grad_()
    LinearChain(emissions, torch.zeros(2, 2)).log_partition.sum().backward()
    assert emissions.grad is not None and emissions.grad.dtype == torch.float16


def test_double_precision_stays():
    chain = random_inputs([3], 2).chain(torch.float64)
    for answer in (
        chain.log_partition,
        chain.marginals,
        chain.edge_marginals,
        chain.entropy,
        chain.top_k(2).scores,
    ):
        assert answer.dtype == torch.float64


def test_inputs_are_not_changed():
    inputs = random_inputs([3, 2], 3, forbidden=0.3)
    copies = [tensor.clone() for tensor in inputs]
    chain = LinearChain(*inputs)
    chain.entropy, chain.top_k(5)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(inputs, copies))


@pytest.mark.parametrize("lengths", [[4, 2], [1]])
def test_large_scores(lengths):
    inputs = random_inputs(lengths, num_tags=3, scale=1e4)
    chain = inputs.chain(torch.float32)
    best = chain.top_k(3)
    for row, sentence in enumerate(inputs.sentences()):
        expected = sentence.top_k(3)
        assert chain.log_partition[row].item() == pytest.approx(sentence.log_partition(), rel=1e-5)
        assert best.scores[row].tolist() == pytest.approx(
            [score for _, score in expected], rel=1e-5
        )
        assert [tuple(path[: sentence.num_tokens]) for path in best.paths[row].tolist()] == [
            path for path, _ in expected
        ]
        # One path has all the probability.
        assert torch.equal(
            chain.argmax()[0][row][inputs.mask[row]],
            chain.marginals[row][inputs.mask[row]].argmax(1),
        )
        assert torch.isfinite(chain.entropy).all()


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_long_sentences(scale):
    inputs = random_inputs([2000, 1300], num_tags=5, scale=scale, forbidden=0.1)
    scores = [tensor.float().requires_grad_() for tensor in inputs[:4]]
    single, double = LinearChain(*scores, inputs.mask), inputs.chain()
    torch.testing.assert_close(
        single.log_partition.double(), double.log_partition, rtol=1e-5, atol=0.0
    )
    paths, best = single.argmax()
    torch.testing.assert_close(best.double(), double.argmax()[1], rtol=1e-5, atol=0.0)
    torch.testing.assert_close(double.score(paths), double.argmax()[1], rtol=1e-6, atol=0.0)
    sums = double.marginals.sum(dim=2)
    torch.testing.assert_close(sums, inputs.mask.double())
    single.log_partition.sum().backward()
    assert all(torch.isfinite(tensor.grad).all() for tensor in scores)


@pytest.mark.parametrize("scale", [2.0, 10.0])
def test_single_precision_is_not_lost_on_long_sentences(scale):
    inputs = random_inputs([2000, 700], num_tags=5, scale=scale)
    single, double = inputs.chain(torch.float32), inputs.chain()
    for name in ("marginals", "edge_marginals"):
        found, expected = getattr(single, name), getattr(double, name)
        torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0.0)
    torch.testing.assert_close(single.entropy.double(), double.entropy, atol=1e-3, rtol=1e-5)


REFUSED = {
    "flat emissions": (
        dict(emissions=torch.zeros(2, 3)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (2, 3)",
    ),
    "empty batch": (
        dict(emissions=torch.zeros(0, 3, 2)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (0, 3, 2)",
    ),
    "no token": (
        dict(emissions=torch.zeros(2, 0, 2)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (2, 0, 2)",
    ),
    "transitions": (
        dict(transitions=torch.zeros(3, 2)),
        "transitions: expected shape (2, 2), got (3, 2)",
    ),
    "start": (dict(start=torch.zeros(3)), "start: expected shape (2,), got (3,)"),
    "end": (dict(end=torch.zeros(1, 2)), "end: expected shape (2,), got (1, 2)"),
    "mask": (
        dict(mask=torch.ones(2, 4, dtype=torch.bool)),
        "mask: expected shape (2, 3), got (2, 4)",
    ),
    "left padding": (
        dict(mask=torch.tensor([[True, True, True], [False, True, True]])),
        "mask: expected tokens first and padding last, and a token in every row",
    ),
    "a hole": (
        dict(mask=torch.tensor([[True, False, True], [True, True, True]])),
        "mask: expected tokens first and padding last, and a token in every row",
    ),
    "an empty sentence": (
        dict(mask=torch.tensor([[True, True, True], [False, False, False]])),
        "mask: expected tokens first and padding last, and a token in every row",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    wrong, message = REFUSED[case]
    arguments = {"emissions": torch.zeros(2, 3, 2), "transitions": torch.zeros(2, 2), **wrong}
    with pytest.raises(ValueError, match=re.escape(message)):
        LinearChain(**arguments)


@pytest.mark.parametrize("k", [0, -1])
def test_refused_k(k):
    with pytest.raises(ValueError, match=f"k: expected a positive number of paths, got {k}"):
        LinearChain(torch.zeros(1, 1, 2), torch.zeros(2, 2)).top_k(k)


def test_integer_masks_and_missing_arguments():
    emissions, transitions = torch.randn(2, 3, 2), torch.randn(2, 2)
    plain = LinearChain(emissions, transitions)
    full = LinearChain(
        emissions, transitions, torch.zeros(2), torch.zeros(2), torch.ones(2, 3).long()
    )
    assert torch.equal(plain.log_partition, full.log_partition) and full.mask.dtype == torch.bool
