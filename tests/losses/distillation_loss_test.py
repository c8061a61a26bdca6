"""What holds for every loss."""

import copy

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import KnowledgeBatch
from skd_plugin.losses import DistillationLoss
from skd_plugin.losses.distillation_loss import needed
from tests.brute_force import random_inputs
from tests.losses.knowledge_batches import knowledge_of

NAMES = ["emission", "logits", "posterior", "structural", "top_k", "weighted_top_k"]
ALL = pytest.mark.parametrize("name", NAMES)


def test_registered_names():
    assert set(NAMES) <= set(DistillationLoss.list_available())


@ALL
@pytest.mark.parametrize("weight", [0, -0.5])
def test_refused_weight(name, weight):
    with pytest.raises(
        ConfigurationError, match=f"weight of a loss: expected a positive number, got {weight}"
    ):
        DistillationLoss.from_params(Params({"type": name, "weight": weight}))


@ALL
def test_weight_is_left_to_the_caller(name):
    one = DistillationLoss.from_params(Params({"type": name}))
    two = DistillationLoss.from_params(Params({"type": name, "weight": 2.0}))
    assert (one.weight, two.weight) == (1.0, 2.0)
    student = random_inputs([2, 1], 2, seed=1).chain()
    knowledge = knowledge_of(random_inputs([2, 1], 2).chain(), num_paths=10)
    assert torch.equal(one(student, knowledge), two(student, knowledge))


@ALL
def test_neither_student_nor_knowledge_is_changed(name):
    loss = DistillationLoss.from_params(Params({"type": name}))
    inputs = random_inputs([3, 2], 2, seed=1)
    knowledge = knowledge_of(random_inputs([3, 2], 2).chain(), num_paths=10)
    before = copy.deepcopy(vars(knowledge))
    scores = copy.deepcopy(inputs)
    loss(inputs.chain(), knowledge)
    assert all(torch.equal(one, other) for one, other in zip(inputs, scores))
    present = [field for field, value in before.items() if isinstance(value, torch.Tensor)]
    assert len(present) == 8
    assert all(torch.equal(vars(knowledge)[field], before[field]) for field in present)


@ALL
def test_a_sentence_without_knowledge_is_harmless(name):
    """Its loss is finite, so that leaving it out leaves no NaN in a gradient."""
    loss = DistillationLoss.from_params(Params({"type": name}))
    knowledge = KnowledgeBatch.collate([None], loss.request, 3, 2, torch.device("cpu"))
    inputs = random_inputs([3], 2)
    emissions = inputs.emissions.requires_grad_()
    value = loss(inputs.chain(), knowledge)
    value.sum().backward()
    assert torch.isfinite(value).all() and torch.isfinite(emissions.grad).all()


def test_needed():
    tensor = torch.zeros(1)
    assert needed(tensor, "paths") is tensor
    with pytest.raises(
        ValueError, match="the knowledge has no paths: was it collated for another request?"
    ):
        needed(None, "paths")
