"""Embeddings of both sides, and the teacher's."""

import re

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.losses.alignment import PairBatch, SentenceAlignment
from skd_plugin.losses.alignment.sentence_alignment import lack_of_spread
from tests.losses.alignment.batches import vectors


def batch(teacher_dim=3, size=4):
    return PairBatch(
        vectors(0, size, 3), vectors(1, size, 3), teacher=vectors(2, size, teacher_dim)
    )


def units(rows):
    rows = rows.detach().numpy().astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_as_numpy_has_it():
    one = batch()
    teacher = units(one.teacher)
    expected = np.mean([((units(side) - teacher) ** 2).sum(1) for side in (one.pivot, one.other)])
    found = SentenceAlignment()(one).item()
    assert found == pytest.approx(expected)
    raw = SentenceAlignment(normalized=False)(one).item()
    sides = [((side - one.teacher) ** 2).mean(1) for side in (one.pivot, one.other)]
    assert raw == pytest.approx(torch.stack(sides).mean().item())


def test_by_hand():
    """Of the pivot the direction is right, of the other side there is a right angle."""
    pivot, other = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    one = PairBatch(pivot, other, teacher=torch.tensor([[2.0, 0.0]]))
    assert SentenceAlignment()(one).item() == pytest.approx(1.0)  # (0 + 2) / 2
    raw = SentenceAlignment(normalized=False)(one).item()
    assert raw == pytest.approx(7.5)  # (1 / 2 + (4 + 25) / 2) / 2


def test_minimum_is_0_at_the_teacher_and_4_is_opposite():
    teacher = vectors(2, 4, 3)
    assert SentenceAlignment()(PairBatch(2 * teacher, 3 * teacher, teacher)).item() < 1e-10
    assert SentenceAlignment()(PairBatch(-teacher, -teacher, teacher)).item() == pytest.approx(4)
    raw = SentenceAlignment(normalized=False)
    assert raw(PairBatch(teacher, teacher, teacher)).item() == 0


def test_both_sides_have_gradients_and_the_teacher_is_only_projected():
    objective = SentenceAlignment(teacher_dim=5)
    projection = objective.layers(8, 3, 6)
    one = batch(teacher_dim=5)
    one.pivot.requires_grad_(), one.other.requires_grad_()
    objective(one).backward()
    for tensor in (one.pivot, one.other, projection.weight):
        assert tensor.grad.isfinite().all() and tensor.grad.abs().sum() > 0
    assert SentenceAlignment().layers(8, 3, 6) is None


def trained(spread_weight, normalized):
    """A student that can say the same of all sentences only, and a projection that may do so too."""
    torch.manual_seed(0)
    objective = SentenceAlignment(5, normalized, spread_weight)
    projection = objective.layers(8, 3, 6)
    student = torch.nn.Parameter(torch.randn(1, 3))
    optimizer = torch.optim.Adam([student, *projection.parameters()], lr=0.02)
    teacher = vectors(2, 64, 5)
    for _ in range(500):
        optimizer.zero_grad()
        side = student.expand(64, -1)
        objective(PairBatch(side, side, teacher)).backward()
        optimizer.step()
    target = projection(teacher).detach()
    return torch.nn.functional.normalize(target, dim=1) if normalized else target


@pytest.mark.parametrize("normalized, wanted", [(True, 3**-0.5), (False, 1.0)])
def test_a_learnt_projection_collapses_without_the_guard_and_not_with_it(normalized, wanted):
    assert trained(0.0, normalized).std(dim=0).mean() < 0.1 * wanted
    assert trained(10.0, normalized).std(dim=0).min() > 0.5 * wanted


def test_spread_by_hand():
    target = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert lack_of_spread(target, normalized=False).item() == pytest.approx(0.5, abs=1e-3)
    expected = (0 + 2**-0.5) / 2  # the first feature has more than is wanted
    assert lack_of_spread(target, normalized=True).item() == pytest.approx(expected, abs=1e-3)
    assert lack_of_spread(target[:1], normalized=True).item() == 0


def test_a_collapsed_projection_has_a_gradient():
    target = torch.ones(4, 3) + 1e-3 * vectors(0, 4, 3)
    target.requires_grad_()
    lack_of_spread(target, normalized=False).backward()
    assert target.grad.isfinite().all() and target.grad.abs().max() > 1e-3


@pytest.mark.parametrize(
    "options, message",
    [
        ({"teacher_dim": 0}, "teacher_dim: expected 1 or more, got 0"),
        ({"spread_weight": -1}, "spread_weight: expected 0 or more, got -1"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        SentenceAlignment(**options)


def test_widths_that_do_not_fit():
    message = (
        "sentence_alignment: the teacher's embeddings have 5 features, the student's 3; give the model "
        '"sentence_dim": 5, or this objective "teacher_dim": 5'
    )
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        SentenceAlignment()(batch(teacher_dim=5))
