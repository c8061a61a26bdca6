"""What a library is to the benchmark, and ours: each is called as its users call it, on the same tensors."""

from typing import Any, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from benchmarks.problems import Problem, Shape
from skd_plugin.structures import LinearChain

# The loss, and its gradients by `Problem.leaves`.
Outcome = Tuple[Tensor, ...]


class Paths(NamedTuple):
    """
    Best paths in one form for all libraries.

    # Parameters

    tags : `Tensor`
        Shape (batch_size, num_paths, num_tokens), 0 on padding.
    scores : `Tensor`, optional
        Shape (batch_size, num_paths), as the library says; `None` if it does not.
    exist : `Tensor`
        Shape (batch_size, num_paths), bool: false where the library says that there are no more.
    """

    tags: Tensor
    scores: Optional[Tensor]
    exist: Tensor


class Library:
    """
    A library, and one problem in the form it wants. What `nll`, `decode` and `top_k` do is timed; what `__init__`,
    `read_nll` and `read_paths` do is not.

    # Parameters

    problem : `Problem`
    """

    name: str
    module: str
    tasks: Tuple[str, ...] = ("nll", "decode", "top_k")

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def nll(self) -> Any:
        """The negative log-likelihood of gold, summed over the batch, and its gradients by all scores."""
        raise NotImplementedError

    def decode(self) -> Any:
        """The best path of every sentence."""
        raise NotImplementedError

    def top_k(self, k: int) -> Any:
        """The `k` best paths of every sentence."""
        raise NotImplementedError

    def read_nll(self, result: Any) -> Outcome:
        """The loss, and the gradients by `Problem.leaves`."""
        return tuple(result)

    def read_paths(self, result: Any) -> Paths:
        """What `decode` or `top_k` returned."""
        raise NotImplementedError

    @staticmethod
    def nanoseconds(task: str, shape: Shape, k: int) -> float:
        """How time grows with the size: with it that of a call is predicted from that of a smaller one."""
        return 0.0

    @staticmethod
    def gigabytes(task: str, shape: Shape, k: int) -> float:
        """Roughly what a call needs at most: a call which needs too much is not made."""
        return 0.0


class Ours(Library):
    """
    `skd_plugin.structures.LinearChain`, made anew in every call.

    It returns tensors where the CRF modules return lists; to be on the safe side the call turns them into lists, too.
    """

    name = "skd_plugin"
    module = "skd_plugin.structures"

    def chain(self) -> LinearChain:
        """The chain of the problem, on which nothing is computed yet."""
        return LinearChain(*self.problem.leaves, mask=self.problem.mask)

    def nll(self) -> Any:
        loss = -self.chain().log_prob(self.problem.gold).sum()
        return (loss.detach(), *torch.autograd.grad(loss, self.problem.leaves))

    @torch.no_grad()
    def decode(self) -> Any:
        paths, scores = self.chain().argmax()
        return paths.tolist(), scores.tolist()

    @torch.no_grad()
    def top_k(self, k: int) -> Any:
        best = self.chain().top_k(k)
        return best.paths.tolist(), best.scores.tolist(), best.mask.tolist()

    def read_paths(self, result: Any) -> Paths:
        device = self.problem.mask.device
        if len(result) == 2:
            result = ([[path] for path in result[0]], [[score] for score in result[1]], None)
        tags, scores = (torch.tensor(part, device=device) for part in result[:2])
        exist = torch.ones_like(scores) if result[2] is None else torch.tensor(result[2]).to(device)
        return Paths(tags, scores, exist.bool())
