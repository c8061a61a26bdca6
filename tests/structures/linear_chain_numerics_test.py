"""`LinearChain`: precision, extreme scores, long sentences, and padding that holds anything."""

import gc
import math
import weakref

import pytest
import torch

from skd_plugin.structures import LinearChain
from tests.brute_force import ChainInputs, random_inputs
from tests.structures.random_chains import chain_of, close, parameters, possible, weighted

SUMS = (
    "log_partition",
    "entropy",
    "log_marginals",
    "marginals",
    "edge_marginals",
    "expected_transitions",
)


def assert_gradients_are_finite(scores, mask):
    """And no answer is NaN."""
    for name in SUMS:
        chain = chain_of(scores, mask)
        answer = getattr(chain, name)
        assert not answer.isnan().any()
        gradients = torch.autograd.grad(weighted(answer), scores, allow_unused=True)
        assert all(one is None or torch.isfinite(one).all() for one in gradients)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("transitions", ["shared", "own", "none"])
def test_half_precision_is_computed_in_single(dtype, transitions):
    inputs = random_inputs([6, 3], 3, transitions=transitions)
    half = ChainInputs(
        *[None if one is None else one.to(dtype) for one in inputs[:4]], mask=inputs.mask
    )
    chain, single = half.chain(dtype), half.chain(torch.float32)
    for name in ("emissions", "transitions", "start", "end", *SUMS):
        found = getattr(chain, name)
        assert found.dtype == torch.float32
        assert torch.equal(found, getattr(single, name))
    assert torch.equal(chain.top_k(3).scores, single.top_k(3).scores)
    assert torch.equal(
        chain.kl_divergence(single.tempered(2.0)), single.kl_divergence(single.tempered(2.0))
    )
    rounding = {torch.float16: 1e-3, torch.bfloat16: 1e-2}[dtype]
    close(chain.log_partition, inputs.chain().log_partition, 3 * rounding)
    close(chain.marginals, inputs.chain().marginals, 3 * rounding)


def test_half_precision_gradients_keep_their_type():
    emissions = torch.randn(2, 3, 2).half().requires_grad_()
    LinearChain(emissions, torch.zeros(2, 2)).log_partition.sum().backward()
    assert emissions.grad is not None and emissions.grad.dtype == torch.float16


def test_half_emissions_beside_single_transitions():
    inputs = random_inputs([6, 3], 3)
    chain = LinearChain(inputs.emissions.half(), *[one.float() for one in inputs[1:4]], inputs.mask)
    assert chain.log_partition.dtype == torch.float32
    close(chain.log_partition, inputs.chain().log_partition, 3e-3)


def test_double_precision_stays():
    chain = random_inputs([3], 2).chain(torch.float64)
    for answer in (
        *[getattr(chain, name) for name in SUMS],
        chain.top_k(2).scores,
        chain.argmax()[1],
        chain.cross_entropy(chain),
        chain.expected_score(chain.marginals, chain.expected_transitions),
        chain.tempered(2.0).log_partition,
        chain.relabeled(torch.tensor([1, 0]), 2).log_partition,
    ):
        assert answer.dtype == torch.float64


def test_automatic_mixed_precision_changes_nothing():
    inputs = random_inputs([6, 3], 3)
    chain, mixed = inputs.chain(torch.float32), inputs.chain(torch.float32)
    statistics = (chain.marginals, chain.expected_transitions)
    expected_score = chain.expected_score(*statistics)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        close(mixed.expected_score(*statistics), expected_score, 1e-6)
        for name in SUMS:
            found = getattr(mixed, name)
            assert found.dtype == torch.float32
            close(found, getattr(chain, name), 0)
        close(mixed.kl_divergence(mixed.tempered(2.0)), chain.kl_divergence(chain.tempered(2.0)), 0)
        assert torch.equal(mixed.top_k(5).paths, chain.top_k(5).paths)


def test_inputs_are_not_changed():
    for transitions in ("shared", "own"):
        inputs = random_inputs([3, 2], 3, forbidden=0.3, transitions=transitions)
        copies = [tensor.clone() for tensor in inputs]
        chain = LinearChain(*inputs)
        chain.entropy, chain.top_k(5), chain.argmax(), chain.sample(2)
        assert_gradients_are_finite([one.requires_grad_() for one in inputs[:4]], inputs.mask)
        assert all(torch.equal(tensor, copy) for tensor, copy in zip(inputs, copies))


@pytest.mark.parametrize("transitions", ["shared", "own", "none"])
@pytest.mark.parametrize("lengths", [[4, 2], [1]])
def test_large_scores(lengths, transitions):
    inputs = random_inputs(lengths, num_tags=3, scale=1e4, transitions=transitions)
    chain = inputs.chain(torch.float32)
    best = chain.top_k(3)
    for row, sentence in enumerate(inputs.sentences()):
        expected = sentence.top_k(3)
        close(chain.log_partition[row], sentence.log_partition(), 1e-5)
        close(best.scores[row], [score for _, score in expected], 1e-5)
        assert [tuple(path[: sentence.num_tokens]) for path in best.paths[row].tolist()] == [
            path for path, _ in expected
        ]
        # One path has all the probability.
        assert torch.equal(
            chain.argmax()[0][row][inputs.mask[row]],
            chain.marginals[row][inputs.mask[row]].argmax(1),
        )
    assert_gradients_are_finite(parameters(inputs, torch.float32), inputs.mask)


@pytest.mark.parametrize("transitions", ["shared", "own"])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_long_sentences(scale, transitions):
    inputs = random_inputs(
        [2000, 1300], num_tags=5, scale=scale, forbidden=0.1, transitions=transitions
    )
    single, double = inputs.chain(torch.float32), inputs.chain()
    torch.testing.assert_close(
        single.log_partition.double(), double.log_partition, rtol=1e-5, atol=0.0
    )
    paths, best = single.argmax()
    torch.testing.assert_close(best.double(), double.argmax()[1], rtol=1e-5, atol=0.0)
    torch.testing.assert_close(double.score(paths), double.argmax()[1], rtol=1e-6, atol=0.0)
    close(double.marginals.sum(dim=2), inputs.mask.double())
    assert_gradients_are_finite(parameters(inputs, torch.float32), inputs.mask)


@pytest.mark.parametrize("scale", [2.0, 10.0])
def test_single_precision_is_not_lost_on_long_sentences(scale):
    inputs = random_inputs([2000, 700], num_tags=5, scale=scale)
    single, double = inputs.chain(torch.float32), inputs.chain()
    for name in ("marginals", "edge_marginals"):
        found, expected = getattr(single, name), getattr(double, name)
        torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0.0)
    torch.testing.assert_close(single.entropy.double(), double.entropy, atol=1e-3, rtol=1e-5)


def test_single_precision_of_near_uniform_scores():
    inputs = random_inputs([199, 60], num_tags=50, scale=1e-3)
    single, double = inputs.chain(torch.float32), inputs.chain()
    for name in SUMS:
        found, expected = getattr(single, name), getattr(double, name)
        torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=0.0)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_a_short_sentence_beside_a_long_one(scale):
    inputs = random_inputs([20, 2000, 1], num_tags=4, scale=scale, forbidden=0.1)
    for row, length in ((0, 20), (2, 1)):
        alone = inputs._replace(
            emissions=inputs.emissions[[row], :length], mask=inputs.mask[[row], :length]
        )
        whole, part = inputs.chain(torch.float32), alone.chain(torch.float32)
        for name in ("log_partition", "entropy", "expected_transitions"):
            close(getattr(whole, name)[row], getattr(part, name)[0], 1e-5)
        for name in ("log_marginals", "marginals"):
            close(getattr(whole, name)[row, :length], getattr(part, name)[0], 1e-5)
        assert torch.equal(whole.top_k(5).paths[row, :, :length], part.top_k(5).paths[0])
    assert_gradients_are_finite(parameters(inputs, torch.float32), inputs.mask)


@pytest.mark.parametrize("lengths", [[1], [7, 1, 3]])
def test_one_tag_has_no_gradient(lengths):
    inputs = random_inputs(lengths, num_tags=1, num_tokens=8)
    scores = parameters(inputs, torch.float32)
    assert_gradients_are_finite(scores, inputs.mask)
    chain = chain_of(scores, inputs.mask)
    for gradient in torch.autograd.grad(weighted(chain.log_marginals), scores):
        assert not gradient.any()


@pytest.mark.parametrize("content", [math.nan, math.inf, -math.inf, 1e38])
@pytest.mark.parametrize("transitions", ["shared", "own", "none"])
def test_padding_may_hold_anything(transitions, content):
    inputs = random_inputs([4, 1, 2], 3, forbidden=0.2, num_tokens=6, transitions=transitions)
    wild = inputs._replace(
        emissions=inputs.emissions.masked_fill(~inputs.mask.unsqueeze(2), content)
    )
    other = random_inputs([4, 1, 2], 3, seed=1, num_tokens=6).chain(torch.float32)
    for name in SUMS:
        results = []
        for one in (inputs, wild):
            scores = parameters(one, torch.float32)
            answer = getattr(chain_of(scores, inputs.mask), name)
            results.append((answer, *torch.autograd.grad(weighted(answer), scores)))
        assert all(torch.equal(found, expected) for found, expected in zip(*results))
        assert not results[0][1][~inputs.mask].any()
    clean, chain = inputs.chain(torch.float32), wild.chain(torch.float32)
    for found, expected in zip(chain.top_k(9), clean.top_k(9)):
        assert torch.equal(found, expected)
    assert torch.equal(chain.kl_divergence(other), clean.kl_divergence(other))
    assert torch.equal(chain.log_prob(clean.argmax()[0]), clean.log_prob(clean.argmax()[0]))
    draws = [one.sample(4, torch.Generator().manual_seed(0)) for one in (chain, clean)]
    assert torch.equal(*draws)


def test_allennlp_s_minus_ten_thousand_forbids_too():
    inputs = random_inputs([6, 3], 4, forbidden=0.3)
    banned = inputs.transitions == -math.inf
    mild = inputs._replace(
        transitions=inputs.transitions.masked_fill(banned, -1e4),
        start=inputs.start.clamp(min=-1e4),
        end=inputs.end.clamp(min=-1e4),
        emissions=inputs.emissions.clamp(min=-1e4),
    )
    for name in ("log_partition", "entropy", "marginals", "edge_marginals"):
        close(getattr(mild.chain(torch.float32), name), getattr(inputs.chain(), name), 1e-4)
    assert_gradients_are_finite(parameters(mild, torch.float32), mild.mask)


def test_a_sentence_without_possible_path_leaves_the_others_alone():
    inputs = random_inputs([3, 3, 2], 2)
    emissions = inputs.emissions.clone()
    emissions[1, 1] = -math.inf
    scores = parameters(inputs._replace(emissions=emissions), torch.float32)
    chain, others = chain_of(scores, inputs.mask), torch.tensor([0, 2])
    expected = inputs.chain()
    for name in ("log_partition", "marginals", "entropy"):
        close(getattr(chain, name)[others], getattr(expected, name)[others], 1e-5)
    assert chain.log_partition[1] < -1e20
    assert chain.top_k(2).mask.tolist() == [[True, True], [False, False], [True, True]]
    possible(chain.log_partition).sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in scores)


def test_the_loss_of_a_confident_tagger_keeps_its_digits():
    """log Z and the score are thousands of nats, and differ by a fraction of one."""
    num_tokens = 2000
    generator = torch.Generator().manual_seed(0)
    gold = torch.randint(5, (1, num_tokens), generator=generator)
    emissions = torch.randn(1, num_tokens, 5, generator=generator)
    emissions.scatter_add_(2, gold.unsqueeze(2), torch.full((1, num_tokens, 1), 25.0))
    transitions = torch.randn(5, 5, generator=generator)
    single, double = LinearChain(emissions, transitions), LinearChain(
        emissions.double(), transitions
    )
    found, expected = single.log_prob(gold), double.log_prob(gold)
    assert -1e-3 < expected < 0
    torch.testing.assert_close(found.double(), expected, atol=1e-9, rtol=1e-3)
    entropy = -single.expected_log_prob(single.marginals, single.expected_transitions)
    torch.testing.assert_close(entropy.double(), double.entropy, atol=1e-4, rtol=0)


@pytest.mark.parametrize("transitions", [None, torch.full((2, 2), -math.inf)])
def test_a_sentence_without_possible_path_has_no_probability(transitions):
    emissions = torch.zeros(2, 2, 2)
    emissions[0, 1] = -math.inf
    chain = LinearChain(emissions, transitions)
    log_probs = chain.log_prob(torch.zeros(2, 2, dtype=torch.long))
    assert log_probs[0] == -math.inf
    assert log_probs[1] == (2 * math.log(0.5) if transitions is None else -math.inf)


def test_a_chain_is_freed_when_it_is_left():
    """Without waiting for the garbage collector."""
    inputs = random_inputs([3, 2], 2)
    chain = LinearChain(*parameters(inputs), inputs.mask)
    assert torch.isfinite(chain.log_partition + chain.entropy + chain.marginals.sum()).all()
    run = weakref.ref(chain._sums._run)
    gc.disable()
    try:
        del chain
        assert run() is None
    finally:
        gc.enable()
