"""Structural distillation: the cross-entropy over all paths."""

import math

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from torch.autograd import gradcheck

from skd_plugin.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses import (
    DistillationLoss,
    PosteriorLoss,
    StructuralLoss,
    TopKLoss,
    WeightedTopKLoss,
)
from skd_plugin.losses.potentials import teacher_chain
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Teacher
from skd_plugin.teachers.ensemble import Ensemble
from tests.brute_force import random_inputs
from tests.losses.knowledge_batches import knowledge_of

LENGTHS = [4, 1, 2]


def tempered(probabilities, temperature):
    powers = {path: p ** (1 / temperature) for path, p in probabilities.items()}
    total = math.fsum(powers.values())
    return {path: power / total for path, power in powers.items()}


def cross_entropies(teachers, students, temperature=1.0):
    """By enumeration, for each sentence."""
    for teacher, student in zip(teachers.sentences(), students.sentences()):
        p, q = (tempered(chain.probabilities(), temperature) for chain in (teacher, student))
        yield -(temperature**2) * math.fsum(p[path] * math.log(q[path]) for path in p)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 0.5])
def test_value(temperature):
    teachers, students = (random_inputs(LENGTHS, num_tags=3, seed=seed) for seed in (1, 2))
    loss = StructuralLoss(temperature=temperature)
    values = loss(students.chain(), knowledge_of(teachers.chain()))
    assert values.tolist() == pytest.approx([*cross_entropies(teachers, students, temperature)])


def test_by_hand():
    """
    Two tokens whose tags agree, either tag as probable, against a student who knows nothing: -log 1/4. A student that
    gives agreement 3 times the weight of disagreement has paths of 3/8 and 1/8: -log 3/8.
    """
    agreement = torch.tensor([[0.5, 0.0], [0.0, 0.5]])
    knowledge = KnowledgeBatch(
        torch.tensor([True]),
        log_posteriors=torch.full((1, 2, 2), 0.5).log(),
        expected_transitions=agreement.unsqueeze(0),
    )
    emissions = torch.zeros(1, 2, 2)
    knows_nothing = StructuralLoss()(LinearChain(emissions, torch.zeros(2, 2)), knowledge)
    assert knows_nothing.tolist() == pytest.approx([1.3862944])
    knows = StructuralLoss()(LinearChain(emissions, math.log(3) * torch.eye(2)), knowledge)
    assert knows.tolist() == pytest.approx([0.9808293])


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_minimum_is_the_entropy_of_the_teacher(temperature):
    inputs = random_inputs(LENGTHS, num_tags=3)
    scores = [tensor.clone().requires_grad_() for tensor in inputs[:4]]
    teacher = inputs.chain()
    loss = StructuralLoss(temperature=temperature)
    values = loss(LinearChain(*scores, inputs.mask), knowledge_of(teacher))
    expected = temperature**2 * teacher.tempered(temperature).entropy
    torch.testing.assert_close(values.detach(), expected)
    values.sum().backward()
    for tensor in scores:
        torch.testing.assert_close(tensor.grad, torch.zeros_like(tensor), atol=1e-9, rtol=0)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_gradient(temperature):
    inputs = random_inputs([3, 1], num_tags=2, seed=2)
    knowledge = knowledge_of(random_inputs([3, 1], num_tags=2, seed=1).chain())
    loss = StructuralLoss(temperature=temperature)
    scores = [tensor.requires_grad_() for tensor in inputs[:4]]
    assert gradcheck(lambda *scores: loss(LinearChain(*scores, inputs.mask), knowledge), scores)


def test_weighted_top_k_comes_to_it():
    """With all paths it is the same; the fewer, the farther; the unweighted Top-K goes elsewhere."""
    teachers, students = (random_inputs([4, 3], num_tags=3, seed=seed) for seed in (1, 2))
    knowledge = knowledge_of(teachers.chain(), num_paths=100)
    exact = StructuralLoss()(students.chain(), knowledge)
    distances = [
        (WeightedTopKLoss(k)(students.chain(), knowledge) - exact).abs().mean().item()
        for k in (1, 5, 20, 81)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.1 and distances[-1] < 1e-9
    unweighted = TopKLoss(81)(students.chain(), knowledge)
    assert ((unweighted - exact).abs() > 0.1).all()


def test_crf_teacher_and_softmax_student():
    """Posteriors are all that counts: the cross-entropy of tags, token by token."""
    teacher, student = random_inputs(LENGTHS, 3, seed=1), random_inputs(LENGTHS, 3, seed=2)
    chain = LinearChain(student.emissions, mask=student.mask)
    knowledge = knowledge_of(teacher.chain())
    values = StructuralLoss()(chain, knowledge)
    log_probs = student.emissions.log_softmax(dim=-1) * student.mask.unsqueeze(2)
    expected = -(teacher.chain().marginals * log_probs).sum(dim=(1, 2))
    torch.testing.assert_close(values, expected)
    # Up to what the student cannot change, that is posterior distillation.
    other = LinearChain(2 * student.emissions, mask=student.mask)
    torch.testing.assert_close(
        StructuralLoss()(other, knowledge) - values,
        PosteriorLoss()(other, knowledge) - PosteriorLoss()(chain, knowledge),
    )


def test_softmax_teacher_and_crf_student():
    """Expected transitions are products of neighbouring posteriors."""
    teacher, student = random_inputs(LENGTHS, 3, seed=1), random_inputs(LENGTHS, 3, seed=2)
    chain = LinearChain(teacher.emissions, mask=teacher.mask)
    p = teacher.emissions.softmax(dim=-1) * teacher.mask.unsqueeze(2)
    products = torch.einsum("btx,bty->bxy", p[:, :-1], p[:, 1:])
    torch.testing.assert_close(chain.expected_transitions, products)
    values = StructuralLoss()(student.chain(), knowledge_of(chain))
    torch.testing.assert_close(values, chain.cross_entropy(student.chain()))


def test_a_temperature_on_potentials_keeps_paths_coherent():
    """Two tokens that must agree still do when the chain is softened; softened one by one, posteriors go elsewhere."""
    agree = torch.tensor([[0.0, -math.inf], [-math.inf, 0.0]])
    teacher = LinearChain(torch.tensor([[[2.0, 0.0], [0.0, 0.0]]]), agree)
    found = teacher_chain(knowledge_of(teacher), teacher.mask).tempered(2.0)
    expected = torch.tensor([math.e / (1 + math.e), 1 / (1 + math.e)])
    torch.testing.assert_close(found.marginals[0], torch.stack([expected, expected]))
    assert found.edge_marginals[0, 0, 0, 1] == 0

    transitions = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    teacher = LinearChain(torch.tensor([[[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]), transitions)
    student = LinearChain(torch.zeros(1, 3, 2), torch.zeros(2, 2))
    local, on_potentials = (
        PosteriorLoss(2.0, temperature_on=on)(student, knowledge_of(teacher)).item()
        for on in ("marginals", "potentials")
    )
    assert (local, on_potentials) == pytest.approx((0.2111, 0.2803), abs=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_posterior_on_potentials(temperature):
    teachers, students = (random_inputs(LENGTHS, num_tags=3, seed=seed) for seed in (1, 2))
    loss = PosteriorLoss(temperature=temperature, temperature_on="potentials")
    values = loss(students.chain(), knowledge_of(teachers.chain()))
    for value, teacher, student in zip(values, teachers.sentences(), students.sentences()):
        expected = 0.0
        p, q = (tempered(chain.probabilities(), temperature) for chain in (teacher, student))
        for token in range(teacher.num_tokens):
            of_tags = [[0.0] * 3 for _ in range(2)]
            for row, probabilities in zip(of_tags, (p, q)):
                for path, probability in probabilities.items():
                    row[path[token]] += probability
            expected += math.fsum(one * math.log(one / other) for one, other in zip(*of_tags))
        assert value.item() == pytest.approx(temperature**2 * expected)


def test_teacher_chain_is_the_teacher():
    """Of each sentence its own, whatever the lengths; up to a constant, which no distribution knows."""
    teacher = random_inputs(LENGTHS, num_tags=3, seed=1, forbidden=0.2).chain()
    found = teacher_chain(knowledge_of(teacher), teacher.mask)
    torch.testing.assert_close(found.marginals, teacher.marginals)
    torch.testing.assert_close(found.edge_marginals, teacher.edge_marginals)
    assert found.top_k(3).paths.tolist() == teacher.top_k(3).paths.tolist()


def test_tags_that_the_teacher_lacks_are_to_be_given_nothing():
    teacher = random_inputs([3, 2], num_tags=2, seed=1).chain()
    wide = teacher.relabeled(torch.tensor([2, 0]), 3)
    for temperature in (1.0, 2.0):
        inputs = random_inputs([3, 2], num_tags=3, seed=2)
        emissions = inputs.emissions.requires_grad_()
        loss = StructuralLoss(temperature=temperature)
        values = loss(inputs.chain(), knowledge_of(wide))
        assert torch.isfinite(values).all()
        values.sum().backward()
        assert (emissions.grad[inputs.mask][:, 1] > 0).all()
        assert torch.isfinite(emissions.grad).all()


@pytest.mark.parametrize("num_teachers", [1, 2])
def test_minimum_survives_half_precision(num_teachers):
    """Through an ensemble and a batch of knowledge, constants in the student's scores pay no more."""

    class Chain(Teacher):
        fingerprint = "chain"
        labels = [f"L{index:02}" for index in range(19)]

        def distribution(self, sentences):
            return chain

    generator = torch.Generator().manual_seed(0)
    emissions = 3 * torch.randn(2, 30, 19, generator=generator)
    transitions = torch.randn(19, 19, generator=generator)
    mask = torch.arange(30) < torch.tensor([[30], [17]])
    chain = LinearChain(emissions, transitions, mask=mask)
    loss = StructuralLoss()
    sentences = [["a"] * 30, ["a"] * 17]
    known = Ensemble([Chain() for _ in range(num_teachers)]).teach(sentences, loss.request)
    batch = KnowledgeBatch.collate(
        [(one, np.arange(19)) for one in known], loss.request, 30, 19, torch.device("cpu")
    )
    value = loss(chain, batch)
    torch.testing.assert_close(value, chain.entropy, atol=2e-3, rtol=0)
    exchanged = 100 * torch.randn(19, generator=generator)
    inner = torch.zeros(30, 1)
    inner[1:] = 1.0
    for moved_emissions, moved_transitions in (
        (emissions + 100, transitions),
        (emissions, transitions + 100),
        (emissions + inner * exchanged, transitions - exchanged),
    ):
        moved = LinearChain(moved_emissions, moved_transitions, mask=mask)
        torch.testing.assert_close(loss(moved, batch), value, atol=2e-3, rtol=0)


def test_request():
    distribution = KnowledgeRequest(frozenset(["posteriors", "expected_transitions"]))
    potentials = KnowledgeRequest(frozenset(["emissions", "transitions"]))
    assert StructuralLoss().request == distribution
    assert StructuralLoss(temperature=2.0).request == potentials
    assert PosteriorLoss(2.0, temperature_on="potentials").request == potentials
    assert PosteriorLoss(1.0, temperature_on="potentials").request.fields == {"posteriors"}
    found = DistillationLoss.from_params(Params({"type": "structural", "temperature": 2}))
    assert isinstance(found, StructuralLoss) and found.temperature == 2


def test_refused():
    with pytest.raises(ConfigurationError, match="temperature: expected a positive number, got 0"):
        StructuralLoss(temperature=0)
    with pytest.raises(
        ConfigurationError, match='expected "marginals" or "potentials", got "paths"'
    ):
        PosteriorLoss(temperature_on="paths")
