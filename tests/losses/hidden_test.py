"""Distillation of hidden states."""

import math
import re

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.nn import Activation
from torch.autograd import gradcheck

from skd_plugin.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses import DistillationLoss, HiddenLoss
from skd_plugin.losses.hidden import DISTANCES
from skd_plugin.structures import LinearChain

EACH = pytest.mark.parametrize("distance", sorted(DISTANCES))
LENGTHS = torch.tensor([3, 1])
MASK = torch.arange(3) < LENGTHS.unsqueeze(1)
CHAIN = LinearChain(torch.zeros(2, 3, 2, dtype=torch.float64), mask=MASK)


def states(seed, dim=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, dim, generator=generator, dtype=torch.float64)


def knowledge_of(teacher, layer=-1):
    return KnowledgeBatch(torch.ones(2, dtype=torch.bool), hidden={layer: teacher})


def value(loss, student, teacher):
    return loss.of_states(CHAIN, student, knowledge_of(teacher))


def by_hand(distance, student, teacher, temperature):
    """Of one token, in plain Python."""
    if distance == "mse":
        return sum((s - t) ** 2 for s, t in zip(student, teacher)) / len(student)
    if distance == "cosine":
        return 1 - sum(s * t for s, t in zip(student, teacher)) / math.hypot(*student) / math.hypot(
            *teacher
        )
    p, q = (softmax([one / temperature for one in values]) for values in (teacher, student))
    return temperature**2 * sum(one * math.log(one / other) for one, other in zip(p, q))


def softmax(scores):
    total = sum(math.exp(score) for score in scores)
    return [math.exp(score) / total for score in scores]


@EACH
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_is_the_sum_over_tokens(distance, temperature):
    student, teacher = states(1), states(2)
    expected = [
        sum(
            by_hand(
                distance, student[row, token].tolist(), teacher[row, token].tolist(), temperature
            )
            for token in range(length)
        )
        for row, length in enumerate(LENGTHS.tolist())
    ]
    found = value(HiddenLoss(distance=distance, temperature=temperature), student, teacher)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    "distance, student, teacher, expected",
    [
        ("mse", [3.0, 4.0], [-1.0, 3.0], 8.5),  # (16 + 1) / 2
        ("cosine", [3.0, 4.0], [-5.0, 0.0], 1.6),  # 1 + 3 / 5
        ("softmax_kl", [0.0, 1.0], [0.0, 2.0], 0.0671308),
    ],
)
def test_pinned_numbers(distance, student, teacher, expected):
    chain = LinearChain(torch.zeros(1, 1, 2))
    knowledge = KnowledgeBatch(torch.tensor([True]), hidden={-1: torch.tensor([[teacher]])})
    found = HiddenLoss(distance=distance).of_states(chain, torch.tensor([[student]]), knowledge)
    assert found.tolist() == pytest.approx([expected], abs=1e-6)


@EACH
def test_minimum_is_at_the_teacher(distance):
    teacher = states(3)
    student = teacher.clone().requires_grad_()
    loss = value(HiddenLoss(distance=distance), student, teacher)
    loss.sum().backward()
    zeros = torch.zeros(2, dtype=torch.float64)
    torch.testing.assert_close(loss.detach(), zeros, atol=1e-9, rtol=0)
    torch.testing.assert_close(student.grad, torch.zeros_like(student), atol=1e-9, rtol=0)


@EACH
def test_gradient(distance):
    loss, teacher = HiddenLoss(distance=distance, temperature=1.5), states(4)
    assert gradcheck(lambda student: value(loss, student, teacher), states(5).requires_grad_())


@EACH
@pytest.mark.parametrize("poison", [1e30, math.inf, math.nan])
def test_padding_reaches_neither_loss_nor_gradient(distance, poison):
    loss, teacher = HiddenLoss(distance=distance), states(6)
    teacher[~MASK] = 0.0  # as a batch of knowledge has it
    clean = value(loss, states(7), teacher)
    poisoned = states(7)
    poisoned[~MASK] = poison
    poisoned.requires_grad_()
    found = value(loss, poisoned, teacher)
    found.sum().backward()
    torch.testing.assert_close(found, clean)
    assert not poisoned.grad[~MASK].any() and poisoned.grad.isfinite().all()


def test_projection_is_learnt_and_activated():
    loss = HiddenLoss(teacher_dim=3, activation=Activation.by_name("tanh")())
    projection = loss.projection(4)
    assert {name: tuple(p.shape) for name, p in projection.named_parameters()} == {
        "weight": (3, 4),
        "bias": (3,),
    }
    projection.double()
    student, teacher = states(1), states(2, dim=3)
    expected = HiddenLoss().of_states(CHAIN, torch.tanh(projection(student)), knowledge_of(teacher))
    found = value(loss, student, teacher)
    torch.testing.assert_close(found, expected)
    found.sum().backward()
    assert all(parameter.grad.any() for parameter in projection.parameters())


def test_without_a_width_nothing_is_projected():
    assert HiddenLoss().projection(4) is None


def test_gelu_is_the_default_activation():
    loss = DistillationLoss.from_params(Params({"type": "hidden", "teacher_dim": 3}))
    projection = loss.projection(4).double()
    plain = HiddenLoss().of_states
    student, teacher = states(1), states(2, dim=3)
    expected = plain(CHAIN, torch.nn.functional.gelu(projection(student)), knowledge_of(teacher))
    torch.testing.assert_close(value(loss, student, teacher), expected)


def test_asks_for_its_layer():
    assert HiddenLoss(layer=2).request == KnowledgeRequest(frozenset(["hidden_2"]))
    loss, teacher = HiddenLoss(layer=0), states(2)
    batch = KnowledgeBatch(torch.ones(2, dtype=torch.bool), hidden={0: teacher, -1: teacher + 1})
    assert not loss.of_states(CHAIN, teacher, batch).any()


def test_a_batch_without_knowledge_costs_nothing():
    """But all weights have a gradient, which distributed training waits for."""
    batch = KnowledgeBatch(torch.zeros(2, dtype=torch.bool), hidden={-1: torch.zeros(2, 3, 1)})
    loss = HiddenLoss(teacher_dim=5)
    projection = loss.projection(4).double()
    found = loss.of_states(CHAIN, states(1), batch)
    found.sum().backward()
    assert found.tolist() == [0, 0]
    assert all(not parameter.grad.any() for parameter in projection.parameters())


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"distance": "l1"}, 'distance: expected one of mse, cosine, softmax_kl, got "l1"'),
        ({"teacher_dim": 0}, "teacher_dim: expected 1 or more, got 0"),
        ({"temperature": 0}, "temperature: expected a positive number, got 0"),
        ({"weight": -1}, "weight of a loss: expected a positive number, got -1"),
    ],
)
def test_refused(settings, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        HiddenLoss(**settings)


def test_widths_that_do_not_fit_are_refused():
    message = (
        "loss hidden: layer -1 of the teachers has 3 features, the student's states have 4; say "
        '"teacher_dim": 3, or give the student a feedforward of that width'
    )
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        value(HiddenLoss(), states(1), states(2, dim=3))
