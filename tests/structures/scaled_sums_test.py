"""`ScaledSums` against `LogSpaceSums`: the same numbers, unless they say they are not certain."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.structures import LinearChain, scaled_sums
from skd_plugin.structures.log_space_sums import LogSpaceSums
from skd_plugin.structures.scaled_sums import ScaledSums
from tests.brute_force import ChainInputs, random_inputs
from tests.structures.random_chains import FEW, chain_of, close, padded, parameters, weighted

ANSWERS = (
    "log_partition",
    "log_marginals",
    "marginals",
    "edge_marginals",
    "expected_transitions",
    "entropy",
)
NEVER = -math.inf


def assert_the_choice_is_right(inputs, tolerance=1e-8):
    """Whatever sums `LinearChain` chooses, answers and gradients are those in log space."""
    scores = parameters(inputs)
    chosen, safe = (chain_of(scores, inputs.mask, sums) for sums in (None, "log_space"))
    for name in ANSWERS:
        found, expected = getattr(chosen, name), getattr(safe, name)
        close(found.clamp(min=-1e20), expected.clamp(min=-1e20), tolerance)
        gradients = [
            torch.autograd.grad(weighted(answer), scores, retain_graph=True, allow_unused=True)
            for answer in (found, expected)
        ]
        for gradient, wanted in zip(*gradients):
            # Where all sentences have one token, nothing depends on the transitions.
            assert gradient is not None or wanted is None
            if gradient is not None:
                close(gradient, gradient * 0.0 if wanted is None else wanted, tolerance)


long_batches = st.builds(
    random_inputs,
    lengths=st.lists(st.sampled_from([1, 2, 5, 9, 40, 90]), min_size=1, max_size=4),
    num_tags=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    forbidden=st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.8]),
    ties=st.booleans(),
    scale=st.sampled_from([0.01, 1.0, 5.0, 20.0, 60.0]),
    num_tokens=st.sampled_from([None, 95]),
    transitions=st.sampled_from(["shared", "own"]),
)


@FEW
@given(inputs=long_batches)
def test_both_ways_agree(inputs):
    assert_the_choice_is_right(inputs)


def test_near_uniform_scores_are_scaled_in_time():
    # Unscaled, both directions would meet in the middle at 40^200.
    inputs = random_inputs([200, 80], num_tags=40, scale=1e-3)
    assert isinstance(inputs.chain()._sums, ScaledSums)
    assert_the_choice_is_right(inputs)
    close(inputs.chain().log_partition, [200 * math.log(40), 80 * math.log(40)], 1e-2)


def automaton(length, steps, end):
    """A chain that starts in tag 0, from the scores of the allowed steps and of the last tag."""
    moves = torch.full((len(end), len(end)), NEVER, dtype=torch.float64)
    for (one, other), score in steps.items():
        moves[one, other] = score
    start = torch.full((len(end),), NEVER, dtype=torch.float64)
    start[0] = 0.0
    emissions = torch.zeros(1, length, len(end), dtype=torch.float64)
    last = torch.tensor(end, dtype=torch.float64)
    return ChainInputs(emissions, moves, start, last, torch.ones(1, length, dtype=torch.bool))


# In all of them what the best prefixes lead to is worth little in the end, or nothing.
AUTOMATA = {
    "a dear tag that must be last": ({(0, 0): 0.0, (0, 1): 0.0, (1, 1): -30.0}, [NEVER, 0.0]),
    "a dear tag beside a free dead end": (
        {(0, 1): 0.0, (1, 1): -9.0, (0, 2): 0.0, (2, 2): 0.0},
        [NEVER, 0.0, NEVER],
    ),
    "dear steps that must be taken": (
        {(0, 1): -60.0, (1, 0): -60.0, (0, 2): 0.0, (2, 2): 0.0},
        [0.0, 0.0, NEVER],
    ),
    "a price after each choice": (
        {(0, 0): 0.0, (0, 1): 0.0, (1, 1): -15.0, (1, 2): 0.0, (2, 2): -15.0},
        [NEVER, NEVER, 0.0],
    ),
    "a treasure behind a moat": (
        {(0, 1): -300.0, (1, 1): 20.0, (1, 0): -300.0, (0, 0): 0.0, (1, 2): 0.0},
        [0.0, NEVER, 0.0],
    ),
    "a treasure behind a wide moat": (
        {(0, 1): -1e4, (1, 1): 1e4, (1, 2): -1e4, (0, 0): 0.0, (2, 2): 0.0},
        [NEVER, NEVER, 1e4],
    ),
    "begin, inside, outside": (
        {(0, 0): 0.0, (0, 1): -40.0, (1, 2): -40.0, (2, 2): -40.0, (2, 0): 0.0, (2, 1): 0.0},
        [NEVER, NEVER, 0.0],
    ),
}


@pytest.mark.parametrize("name", AUTOMATA)
def test_compounding_small_probabilities(name):
    for length in (5, 30, 300):
        # The scores of 300 tokens reach 3e6.
        assert_the_choice_is_right(automaton(length, *AUTOMATA[name]), tolerance=1e-7)
    short = automaton(7, *AUTOMATA[name])
    (sentence,), chain = short.sentences(), short.chain()
    close(chain.log_partition, [sentence.log_partition()])
    close(chain.marginals, padded([sentence.marginals()], chain.marginals))
    close(chain.edge_marginals, padded([sentence.edge_marginals()], chain.edge_marginals))


@pytest.mark.parametrize("name", AUTOMATA)
def test_compounding_beside_a_longer_sentence(name):
    inputs = automaton(120, *AUTOMATA[name])
    mask = torch.arange(120) < torch.tensor([[50], [110]])
    assert_the_choice_is_right(
        inputs._replace(emissions=inputs.emissions.repeat(2, 1, 1), mask=mask), tolerance=1e-7
    )


CERTAIN = {
    "close scores": (random_inputs([30, 4], 3), True),
    "close scores and forbidden ones": (random_inputs([30, 4], 3, forbidden=0.3), True),
    "distant scores": (random_inputs([30, 4], 3, scale=100.0), False),
    "one distant score": (automaton(5, {(0, 0): 0.0, (0, 1): -300.0}, [0.0, 0.0]), False),
    "close scores that compound": (automaton(80, *AUTOMATA["a price after each choice"]), False),
    "an impossible token": (automaton(3, {(0, 1): 0.0, (1, 0): 0.0}, [0.0, NEVER]), True),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_certain(name):
    inputs, certain = CERTAIN[name]
    chain = inputs.chain()
    assert ScaledSums(chain._scores, chain._layout).certain == certain
    assert isinstance(chain._sums, ScaledSums if certain else LogSpaceSums)


def test_one_run_serves_all_losses(monkeypatch):
    runs = []
    original = scaled_sums.ScaledRun

    def counting(*arguments):
        runs.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(scaled_sums, "ScaledRun", counting)
    inputs = random_inputs([6, 3], 4)
    scores = parameters(inputs)
    teacher = random_inputs([6, 3], 4, seed=1).chain()
    best, (marginals, transitions) = teacher.top_k(5).paths, (
        teacher.marginals,
        teacher.expected_transitions,
    )
    runs.clear()
    chain = LinearChain(*scores, inputs.mask)
    nll = -chain.log_prob(teacher.argmax()[0]).sum()
    posterior = -(marginals * chain.log_marginals).sum()
    structural = (chain.log_partition - chain.expected_score(marginals, transitions)).sum()
    top_k = -chain.log_prob(best).sum()
    others = chain.entropy.sum() + chain.cross_entropy(teacher).sum() + chain.edge_marginals.sum()
    (nll + posterior + structural + top_k + others).backward()
    assert len(runs) == 1


@pytest.mark.parametrize("name", ["log_partition", "log_marginals", "edge_marginals", "entropy"])
def test_second_derivatives_are_refused(name):
    inputs = random_inputs([3, 2], 2)
    scores = parameters(inputs)
    answer = getattr(chain_of(scores, inputs.mask, "scaled"), name)
    with pytest.raises(RuntimeError, match="twice|second|once"):
        gradients = torch.autograd.grad(weighted(answer), scores, create_graph=True)
        # Beside another loss, gradients that count as constants would go unnoticed.
        (scores[0].sum() + sum((one**2).sum() for one in gradients)).backward()
