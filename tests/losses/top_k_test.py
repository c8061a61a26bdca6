"""Top-K and weighted top-K distillation."""

import math

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from torch.autograd import gradcheck

from skd_plugin.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses import DistillationLoss, TopKLoss, WeightedTopKLoss
from skd_plugin.structures import LinearChain
from tests.brute_force import random_inputs
from tests.losses.knowledge_batches import knowledge_of

BOTH = pytest.mark.parametrize("loss_class", [TopKLoss, WeightedTopKLoss])


def expected_loss(teacher, student, k, weighted):
    """By enumeration; where fewer than k paths exist, over those that do."""
    best = teacher.top_k(k)
    powers = [math.exp(score - best[0][1]) if weighted else 1.0 for _, score in best]
    log_partition = student.log_partition()
    return math.fsum(
        power / math.fsum(powers) * (log_partition - student.scores[path])
        for power, (path, _) in zip(powers, best)
    )


@BOTH
@pytest.mark.parametrize("k", [1, 3, 10])
def test_value(loss_class, k):
    teachers = random_inputs([4, 1, 2], num_tags=3, seed=1)
    students = random_inputs([4, 1, 2], num_tags=3, seed=2)
    expected = [
        expected_loss(teacher, student, k, loss_class is WeightedTopKLoss)
        for teacher, student in zip(teachers.sentences(), students.sentences())
    ]
    values = loss_class(k)(students.chain(), knowledge_of(teachers.chain(), k))
    assert values.shape == (3,)
    assert values.tolist() == pytest.approx(expected, abs=1e-6)


def batch_of(paths, probabilities):
    log_probs = torch.tensor(probabilities).log()
    return KnowledgeBatch(
        torch.ones(len(paths), dtype=torch.bool),
        torch.tensor(paths),
        log_probs,
        log_probs > -math.inf,
    )


def student_by_hand():
    """Over one token: the tags have the probabilities 1/2, 1/4 and 1/4."""
    return LinearChain(torch.tensor([[[0.5, 0.25, 0.25]]]).log(), torch.zeros(3, 3))


def test_by_hand():
    knowledge = batch_of([[[0], [1]]], [[0.6, 0.2]])
    mean = 0.5 * math.log(2) + 0.5 * math.log(4)
    assert TopKLoss(2)(student_by_hand(), knowledge).tolist() == pytest.approx([mean])
    weighted = 0.75 * math.log(2) + 0.25 * math.log(4)
    assert WeightedTopKLoss(2)(student_by_hand(), knowledge).tolist() == pytest.approx([weighted])


def test_paths_that_do_not_exist_do_not_count():
    fewer = batch_of([[[1], [0], [0]]], [[1.0, 0.0, 0.0]])
    for loss in (TopKLoss(3), WeightedTopKLoss(3)):
        assert loss(student_by_hand(), fewer).tolist() == pytest.approx([math.log(4)])


def test_minimum_of_top_k_is_the_logarithm_of_the_number_of_paths():
    teacher, student = random_inputs([3, 1], 2), random_inputs([3, 1], 2, seed=1)
    loss = TopKLoss(4)(student.chain(), knowledge_of(teacher.chain(), 4))
    assert loss[0] > math.log(4) and loss[1] > math.log(2)
    # A student that gives both paths of one token the same reaches it.
    even = LinearChain(torch.zeros(1, 1, 2), torch.zeros(2, 2))
    value = TopKLoss(4)(even, knowledge_of(random_inputs([1], 2).chain(), 4))
    assert value.tolist() == pytest.approx([math.log(2)])


def test_minimum_of_weighted_top_k_is_the_entropy_of_the_weights():
    inputs = random_inputs([3], 2)
    knowledge = knowledge_of(inputs.chain(), 8)
    # All eight paths are known: the weights are the teacher's whole distribution.
    emissions = inputs.emissions.clone().requires_grad_()
    loss = WeightedTopKLoss(8)(LinearChain(emissions, *inputs[1:]), knowledge)
    loss.sum().backward()
    assert loss.tolist() == pytest.approx([inputs.sentences()[0].entropy()])
    torch.testing.assert_close(emissions.grad, torch.zeros_like(emissions), atol=1e-9, rtol=0)
    other = WeightedTopKLoss(8)(random_inputs([3], 2, seed=1).chain(), knowledge)
    assert other.item() > loss.item()


@BOTH
def test_padding_does_not_matter(loss_class):
    teacher, student = random_inputs([4, 2], 3, seed=1), random_inputs([4, 2], 3, seed=2)
    whole = loss_class(5)(student.chain(), knowledge_of(teacher.chain(), 5))
    short_teacher, short_student = (
        inputs._replace(emissions=inputs.emissions[1:, :2], mask=inputs.mask[1:, :2])
        for inputs in (teacher, student)
    )
    alone = loss_class(5)(short_student.chain(), knowledge_of(short_teacher.chain(), 5))
    torch.testing.assert_close(whole[1:], alone)


@BOTH
def test_more_paths_in_the_batch_than_the_loss_asks_for(loss_class):
    teacher, student = (
        random_inputs([4, 1], 3, seed=1).chain(),
        random_inputs([4, 1], 3, seed=2).chain(),
    )
    many = loss_class(2)(student, knowledge_of(teacher, 10))
    torch.testing.assert_close(many, loss_class(2)(student, knowledge_of(teacher, 2)))


@BOTH
def test_gradient(loss_class):
    inputs = random_inputs([3, 1], num_tags=2, seed=2)
    knowledge = knowledge_of(random_inputs([3, 1], num_tags=2, seed=1).chain(), 4)
    scores = [tensor.requires_grad_() for tensor in inputs[:4]]
    assert gradcheck(
        lambda *scores: loss_class(4)(LinearChain(*scores, inputs.mask), knowledge), scores
    )


@BOTH
@pytest.mark.parametrize("k", [0, -3])
def test_refused_k(loss_class, k):
    message = f"k of a loss: expected a positive number of paths, got {k}"
    with pytest.raises(ConfigurationError, match=message):
        loss_class(k)


@BOTH
def test_request(loss_class):
    assert loss_class(7).request == KnowledgeRequest(frozenset(["paths"]), num_paths=7)
    assert loss_class().k == 10
    name = "top_k" if loss_class is TopKLoss else "weighted_top_k"
    assert DistillationLoss.by_name(name) is loss_class
    with pytest.raises(
        ValueError, match="the knowledge has no paths: was it collated for another request?"
    ):
        loss_class()(random_inputs([2], 2).chain(), KnowledgeBatch(torch.tensor([True])))
