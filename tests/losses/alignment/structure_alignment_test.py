"""Which sentences of a batch are alike."""

import re

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.losses.alignment import PairBatch, StructureAlignment
from tests.losses.alignment.batches import vectors

ALL = ["other-other", "pivot-pivot", "pivot-other"]


def batch(size=5, teacher_dim=7):
    return PairBatch(
        vectors(0, size, 3), vectors(1, size, 3), teacher=vectors(2, size, teacher_dim)
    )


def cosines(one, other):
    one, other = (rows.detach().numpy().astype(np.float64) for rows in (one, other))
    one = one / np.linalg.norm(one, axis=1, keepdims=True)
    return one @ (other / np.linalg.norm(other, axis=1, keepdims=True)).T


def kl(teacher, student, skip):
    """By loops; the mean over rows."""
    total = 0.0
    for i in range(len(teacher)):
        rows = [j for j in range(len(teacher)) if j != i or not skip]
        p = np.exp(teacher[i, rows]) / np.exp(teacher[i, rows]).sum()
        q = np.exp(student[i, rows]) / np.exp(student[i, rows]).sum()
        total += (p * np.log(p / q)).sum()
    return total / len(teacher)


def expected(one, pairing, with_self, t_t, t_s):
    sides = dict(pivot=one.pivot, other=one.other)
    first, second = pairing.split("-")
    teacher = cosines(one.teacher, one.teacher) / t_t
    student = cosines(sides[first], sides[second]) / t_s
    if first == second:
        return kl(teacher, student, not with_self)
    return (kl(teacher, student, False) + kl(teacher, student.T, False)) / 2


@pytest.mark.parametrize("pairings", [*([one] for one in ALL), ALL])
@pytest.mark.parametrize("with_self", [True, False])
def test_as_numpy_has_it(pairings, with_self):
    one = batch()
    found = StructureAlignment(pairings, 0.3, 0.5, with_self)(one).item()
    each = [expected(one, pairing, with_self, 0.3, 0.5) for pairing in pairings]
    assert found == pytest.approx(np.mean(each), rel=1e-4)


def test_by_hand():
    """A student that tells two sentences not apart, and a teacher with cosines 1 and 0: ln 2 - H(e / (e + 1))."""
    alike = torch.tensor([[1.0, 0.0], [2.0, 0.0]])
    one = PairBatch(alike, alike, teacher=torch.tensor([[4.0, 0.0], [0.0, 1.0]]))
    found = StructureAlignment(["pivot-other"], 1.0, 1.0)(one).item()
    assert found == pytest.approx(0.110944, abs=1e-6)
    # Without itself each of two sentences has one other left, which has all of the probability.
    assert StructureAlignment(["pivot-pivot"], 1.0, 1.0)(one).item() == 0


def test_minimum_is_0_at_the_teacher_turned_round():
    teacher = vectors(2, 5, 3)
    turned = 2 * teacher @ torch.linalg.qr(vectors(3, 3, 3))[0]
    loss = StructureAlignment()(PairBatch(turned, turned, teacher))
    assert abs(loss.item()) < 1e-5
    assert StructureAlignment()(PairBatch(turned, turned.flip(0), teacher)).item() > 0.1


def test_gradients_are_finite_and_of_both_sides():
    one = batch()
    one.pivot.requires_grad_(), one.other.requires_grad_()
    StructureAlignment()(one).backward()
    for side in (one.pivot, one.other):
        assert side.grad.isfinite().all() and (side.grad.abs().sum(dim=1) > 0).all()
    only = batch()
    only.pivot.requires_grad_(), only.other.requires_grad_()
    StructureAlignment(["pivot-pivot"])(only).backward()
    assert only.other.grad is None and only.pivot.grad.abs().sum() > 0


def test_a_pair_alone_is_like_nothing():
    one = batch(size=1)
    one.pivot.requires_grad_()
    loss = StructureAlignment()(one)
    loss.backward()
    assert loss.item() == 0 and not one.pivot.grad.any()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"pairings": ["en"]}, "pairings: expected some of other-other, pivot-pivot, pivot-other, got ['en']"),
        ({"pairings": []}, "pairings: expected some of other-other, pivot-pivot, pivot-other, got []"),
        ({"teacher_temperature": 0}, "teacher_temperature: expected a positive number, got 0"),
        ({"student_temperature": -1}, "student_temperature: expected a positive number, got -1"),
    ],
)  # fmt: skip
def test_refused(options, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        StructureAlignment(**options)
