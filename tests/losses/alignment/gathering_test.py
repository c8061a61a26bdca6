"""Two processes find what one with the whole batch finds."""

import torch
import torch.distributed as dist
import torch.multiprocessing

from skd_plugin.losses.alignment import PairBatch, StructureAlignment
from tests.losses.alignment.batches import vectors


def gradient_of(rows: slice, of_pivot: torch.Tensor):
    """Loss and gradient of a student's weight, of a part of seven pairs."""
    weight = of_pivot.clone().requires_grad_()
    pivot, other, teacher = (vectors(seed, 7, 4)[rows] for seed in range(3))
    loss = StructureAlignment()(PairBatch(pivot @ weight, other @ weight, teacher))
    loss.backward()
    return loss.detach(), weight.grad


def process(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    loss, gradient = gradient_of(slice(0, 3) if rank == 0 else slice(3, 7), vectors(9, 4, 3))
    dist.all_reduce(gradient)  # as distributed training does
    torch.save((loss, gradient / 2), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_have_the_gradient_of_one(tmp_path):
    """Of batches of unequal sizes."""
    expected = gradient_of(slice(None), vectors(9, 4, 3))
    torch.multiprocessing.spawn(process, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        for found, one in zip(torch.load(tmp_path / f"{rank}.pt"), expected):
            torch.testing.assert_close(found, one, rtol=1e-4, atol=1e-5)
