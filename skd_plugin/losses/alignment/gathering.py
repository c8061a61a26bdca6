"""Rows of all processes of a distributed training."""

from typing import Any, List

import torch
import torch.distributed as dist
from allennlp.common.util import is_distributed
from torch import Tensor


def gathered(rows: Tensor) -> Tensor:
    """
    The rows of all processes, in order of ranks; those of this one where there is no other. All must call it.

    If each process computes the same loss of what is gathered, then the mean of their gradients, which distributed
    training takes, is the gradient of one process that has all rows.

    Shapes: (num_rows, dim), as many or others in each process, to (num_all_rows, dim).
    """
    return _Gather.apply(rows) if is_distributed() else rows


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:  # type: ignore[override]
        sizes = _sizes(rows)
        padded = rows.new_zeros(max(sizes), rows.size(1))
        padded[: len(rows)] = rows
        of_all = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(of_all, padded)
        context.start, context.size = sum(sizes[: dist.get_rank()]), len(rows)
        return torch.cat([of_one[:size] for of_one, size in zip(of_all, sizes)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        # Each other process finds the same gradient for these rows, and passes it to none of its weights.
        own = gradient[context.start : context.start + context.size]
        return own * dist.get_world_size()


def _sizes(rows: Tensor) -> List[int]:
    """How many rows each process has."""
    size = torch.tensor([len(rows)], device=rows.device)
    sizes = [torch.empty_like(size) for _ in range(dist.get_world_size())]
    dist.all_gather(sizes, size)
    return [int(one) for one in sizes]
