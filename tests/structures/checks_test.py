"""What is asked of scores and masks."""

import re

import pytest
import torch

from skd_plugin.structures.checks import check_mask, check_shape, computable
from skd_plugin.structures.layout import IMPOSSIBLE


def test_shapes():
    check_shape("name", torch.zeros(2, 3), (2, 3))
    with pytest.raises(ValueError, match=re.escape("name: expected shape (2, 4), got (2, 3)")):
        check_shape("name", torch.zeros(2, 3), (2, 4))


def test_a_mask():
    scores = torch.zeros(2, 3, 4)
    mask = check_mask(None, scores)
    assert mask.shape == (2, 3) and mask.dtype == torch.bool and mask.all()
    ragged = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert torch.equal(check_mask(ragged, scores), ragged.bool())


@pytest.mark.parametrize("row", [[0, 1, 1], [1, 0, 1], [0, 0, 0]])
def test_what_is_no_prefix(row):
    with pytest.raises(
        ValueError,
        match="mask: expected tokens first and padding last, and a token in every row",
    ):
        check_mask(torch.tensor([[1, 1, 1], row]), torch.zeros(2, 3, 1))


def test_a_mask_of_another_shape():
    with pytest.raises(ValueError, match=re.escape("mask: expected shape (2, 3), got (2, 2)")):
        check_mask(torch.ones(2, 2), torch.zeros(2, 3, 1))


@pytest.mark.parametrize(
    "dtype, computed",
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_computable(dtype, computed):
    scores = torch.tensor([1.5, -float("inf"), -2.0], dtype=dtype, requires_grad=True)
    found = computable(scores)
    assert found.dtype == computed and torch.isfinite(found).all()
    assert found.tolist() == [1.5, pytest.approx(IMPOSSIBLE), -2.0]
    found.sum().backward()
    assert scores.grad.tolist() == [1.0, 0.0, 1.0]
