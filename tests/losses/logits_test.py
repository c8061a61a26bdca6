"""Squared differences of log-probabilities."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from skd_plugin.knowledge import KnowledgeBatch
from skd_plugin.losses import DistillationLoss, LogitsLoss
from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.losses.knowledge_batches import knowledge_of


def test_by_hand():
    """log(3/4) and log(1/4) beside twice log(1/2): the mean of log(3/2)^2 and log(1/2)^2."""
    knowledge = KnowledgeBatch(
        torch.tensor([True]), log_emissions=torch.tensor([[[0.75, 0.25]]]).log()
    )
    student = LinearChain(torch.full((1, 1, 2), 7.0), torch.randn(2, 2))
    expected = (math.log(1.5) ** 2 + math.log(0.5) ** 2) / 2
    assert LogitsLoss()(student, knowledge).tolist() == pytest.approx([expected])
    assert expected == pytest.approx(0.3224274)


def test_minimum_is_at_the_teacher():
    inputs = random_inputs([4, 2], num_tags=3)
    emissions = (inputs.emissions + 5).requires_grad_()  # a constant a token does not matter
    loss = LogitsLoss()(LinearChain(emissions, *inputs[1:]), knowledge_of(inputs.chain()))
    loss.sum().backward()
    zeros = torch.zeros(2, dtype=torch.float64)
    torch.testing.assert_close(loss.detach(), zeros, atol=1e-9, rtol=0)
    torch.testing.assert_close(emissions.grad, torch.zeros_like(emissions), atol=1e-9, rtol=0)


def test_gradient():
    inputs = random_inputs([3, 1], num_tags=3, seed=4)
    knowledge = knowledge_of(random_inputs([3, 1], num_tags=3, seed=5).chain())

    def loss(emissions):
        return LogitsLoss()(LinearChain(emissions, *inputs[1:]), knowledge)

    assert gradcheck(loss, inputs.emissions.clone().requires_grad_())


def test_tags_that_the_teacher_lacks_are_left_out():
    log_teacher = torch.tensor([[[0.5, 0.5, 0.0]]]).log()
    emissions = torch.tensor([[[0.25, 0.5, 0.25]]]).log().requires_grad_()
    loss = LogitsLoss()(
        LinearChain(emissions), KnowledgeBatch(torch.tensor([True]), log_emissions=log_teacher)
    )
    loss.sum().backward()
    assert loss.item() == pytest.approx(math.log(2) ** 2 / 2)
    assert emissions.grad.isfinite().all()


def test_padding_reaches_neither_loss_nor_gradient():
    inputs = random_inputs([4, 2], num_tags=3, seed=1)
    knowledge = knowledge_of(random_inputs([4, 2], num_tags=3, seed=2).chain())
    clean = LogitsLoss()(inputs.chain(), knowledge)
    poisoned = inputs.emissions.clone()
    poisoned[~inputs.mask] = 1e30
    knowledge.log_emissions = knowledge.log_emissions.clone()
    knowledge.log_emissions[~inputs.mask] = -1e30
    poisoned.requires_grad_()
    loss = LogitsLoss()(LinearChain(poisoned, *inputs[1:]), knowledge)
    loss.sum().backward()
    torch.testing.assert_close(loss, clean)
    assert not poisoned.grad[~inputs.mask].any()


def test_is_registered():
    assert DistillationLoss.by_name("logits") is LogitsLoss
    assert LogitsLoss.request.fields == {"emissions"}
