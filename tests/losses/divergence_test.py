"""Emission and posterior distillation: a divergence of distributions over tags."""

import math

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from torch.autograd import gradcheck

from skd_plugin.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses import DistillationLoss, EmissionLoss, PosteriorLoss
from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.losses.knowledge_batches import knowledge_of

BOTH = pytest.mark.parametrize("loss_class", [EmissionLoss, PosteriorLoss])


def softmax(scores):
    total = math.fsum(math.exp(score) for score in scores)
    return [math.exp(score) / total for score in scores]


def tempered(probabilities, temperature):
    powers = [p ** (1 / temperature) for p in probabilities]
    return [power / math.fsum(powers) for power in powers]


def divergence(p, q):
    return math.fsum(one * math.log(one / other) for one, other in zip(p, q) if one > 0)


def distributions(sentence, loss_class):
    """The distributions over tags that a loss compares, one a token."""
    if loss_class is PosteriorLoss:
        return sentence.marginals()
    return [softmax(row) for row in sentence.emissions]


@BOTH
@pytest.mark.parametrize("temperature", [1.0, 2.0, 0.5])
def test_value(loss_class, temperature):
    teachers = random_inputs([3, 1, 2], num_tags=3, seed=1)
    students = random_inputs([3, 1, 2], num_tags=3, seed=2)
    expected = []
    for teacher, student in zip(teachers.sentences(), students.sentences()):
        pairs = zip(distributions(teacher, loss_class), distributions(student, loss_class))
        total = sum(
            divergence(tempered(p, temperature), tempered(q, temperature)) for p, q in pairs
        )
        expected.append(temperature**2 * total)
    values = loss_class(temperature=temperature)(students.chain(), knowledge_of(teachers.chain()))
    assert values.shape == (3,)
    assert values.tolist() == pytest.approx(expected, abs=1e-9)


def test_emission_by_hand():
    """KL of (3/4, 1/4) from (1/2, 1/2) is 3/4 log(3/2) + 1/4 log(1/2)."""
    knowledge = KnowledgeBatch(
        torch.tensor([True]), log_emissions=torch.tensor([[[0.75, 0.25]]]).log()
    )
    student = LinearChain(torch.full((1, 1, 2), 7.0), torch.randn(2, 2))
    assert EmissionLoss()(student, knowledge).tolist() == pytest.approx([0.13081204])


def test_posterior_by_hand():
    """A student of two tokens, whose tags must agree, and whose first token says 3 to 1."""
    emissions = torch.tensor([[[math.log(3.0), 0.0], [0.0, 0.0]]])
    transitions = torch.tensor([[0.0, -math.inf], [-math.inf, 0.0]])
    log_posteriors = torch.full((1, 2, 2), 0.5).log()
    knowledge = KnowledgeBatch(torch.tensor([True]), log_posteriors=log_posteriors)
    # Twice the divergence of (1/2, 1/2) from (3/4, 1/4).
    value = PosteriorLoss()(LinearChain(emissions, transitions), knowledge)
    assert value.tolist() == pytest.approx([2 * 0.14384104], abs=1e-6)


@BOTH
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_minimum_is_at_the_teacher(loss_class, temperature):
    inputs = random_inputs([4, 2], num_tags=3)
    emissions = inputs.emissions.clone().requires_grad_()
    student = LinearChain(emissions, *inputs[1:])
    loss = loss_class(temperature=temperature)(student, knowledge_of(inputs.chain()))
    loss.sum().backward()
    torch.testing.assert_close(
        loss.detach(), torch.zeros(2, dtype=torch.float64), atol=1e-9, rtol=0
    )
    torch.testing.assert_close(emissions.grad, torch.zeros_like(emissions), atol=1e-9, rtol=0)


@BOTH
def test_padding_does_not_matter(loss_class):
    teacher, student = random_inputs([4, 2], 3, seed=1), random_inputs([4, 2], 3, seed=2)
    whole = loss_class()(student.chain(), knowledge_of(teacher.chain()))
    short_teacher, short_student = (
        inputs._replace(emissions=inputs.emissions[1:, :2], mask=inputs.mask[1:, :2])
        for inputs in (teacher, student)
    )
    alone = loss_class()(short_student.chain(), knowledge_of(short_teacher.chain()))
    torch.testing.assert_close(whole[1:], alone)


@BOTH
def test_gradient(loss_class):
    inputs = random_inputs([3, 1], num_tags=2, seed=2)
    knowledge = knowledge_of(random_inputs([3, 1], num_tags=2, seed=1).chain())
    loss = loss_class(temperature=2.0)
    scores = [tensor.requires_grad_() for tensor in inputs[:4]]
    assert gradcheck(lambda *scores: loss(LinearChain(*scores, inputs.mask), knowledge), scores)


@BOTH
def test_labels_that_the_teacher_lacks_are_safe(loss_class):
    inputs = random_inputs([3, 2], num_tags=3)
    emissions = inputs.emissions.float().requires_grad_()
    mask = inputs.mask.unsqueeze(2)
    lacking = torch.tensor([0.25, 0.75, 0.0]).log().expand(2, 3, 3).masked_fill(~mask, 0.0)
    knowledge = KnowledgeBatch(
        torch.tensor([True, True]), log_posteriors=lacking, log_emissions=lacking
    )
    student = LinearChain(emissions, *(scores.float() for scores in inputs[1:4]), inputs.mask)
    loss = loss_class()(student, knowledge)
    loss.sum().backward()
    assert torch.isfinite(loss).all() and (loss > 0).all()
    assert torch.isfinite(emissions.grad).all() and not emissions.grad[1, 2].any()


def test_labels_that_the_teacher_lacks_are_to_be_given_nothing():
    emissions = torch.zeros(1, 1, 3, requires_grad=True)
    lacking = torch.tensor([[[0.5, 0.5, 0.0]]]).log()
    knowledge = KnowledgeBatch(torch.tensor([True]), log_emissions=lacking)
    loss = EmissionLoss()(LinearChain(emissions, torch.zeros(3, 3)), knowledge)
    loss.sum().backward()
    assert loss.tolist() == pytest.approx([math.log(3) - math.log(2)])
    assert emissions.grad[0, 0].tolist() == pytest.approx([-1 / 6, -1 / 6, 1 / 3])


@BOTH
@pytest.mark.parametrize("temperature", [0, -1.0])
def test_refused_temperature(loss_class, temperature):
    with pytest.raises(
        ConfigurationError, match=f"temperature: expected a positive number, got {temperature}"
    ):
        loss_class(temperature=temperature)


@pytest.mark.parametrize(
    "loss_class, name", [(EmissionLoss, "emissions"), (PosteriorLoss, "posteriors")]
)
def test_request(loss_class, name):
    assert loss_class().request == KnowledgeRequest(frozenset([name]))
    assert (
        DistillationLoss.by_name({"emissions": "emission", "posteriors": "posterior"}[name])
        is loss_class
    )
    with pytest.raises(
        ValueError, match=f"the knowledge has no {name}: was it collated for another request?"
    ):
        loss_class()(random_inputs([2], 2).chain(), KnowledgeBatch(torch.tensor([True])))
