"""What is asked of all scores and masks before anything is computed."""

from typing import Optional, Tuple, cast

import torch
from torch import Tensor

from .layout import IMPOSSIBLE


def check_shape(name: str, tensor: Tensor, expected: Tuple[int, ...]) -> None:
    """`ValueError` for another shape than the expected one."""
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name}: expected shape {expected}, got {tuple(tensor.shape)}")


def check_mask(mask: Optional[Tensor], scores: Tensor) -> Tensor:
    """
    The mask of a batch of sentences, as bool; all true if there is none.

    # Parameters

    mask : `Tensor`, optional
        Shape (batch_size, num_tokens), true on tokens.
    scores : `Tensor`
        Shape (batch_size, num_tokens, ...).

    # Raises

    `ValueError` if the mask has another shape, or is no non-empty prefix of every row.
    """
    shape = scores.shape[:2]
    if mask is None:
        return torch.ones(shape, dtype=torch.bool, device=scores.device)
    check_shape("mask", mask, tuple(shape))
    mask = mask.bool()
    if not bool(mask[:, 0].all() & (mask[:, 1:] <= mask[:, :-1]).all()):
        raise ValueError("mask: expected tokens first and padding last, and a token in every row")
    return mask


def computable(scores: Tensor) -> Tensor:
    """The scores in at least single precision, and finite: -inf becomes `IMPOSSIBLE`."""
    if scores.dtype in (torch.float16, torch.bfloat16):
        scores = scores.float()
    return cast(Tensor, scores.clamp(min=IMPOSSIBLE))
