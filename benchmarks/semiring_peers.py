"""Peers that are distributions over a semiring: they return tensors, and find paths by differentiating."""

import importlib
import math
from typing import Any

import torch

from benchmarks.libraries import Library, Outcome, Paths
from benchmarks.problems import Problem, Shape


class TorchStruct(Library):
    """
    `torch_struct.LinearChainCRF`: `log_prob`, `argmax` and `topk`.

    It wants a score for every pair of neighbouring tags, which a call has to make of emissions and transitions; the
    gold tags in its form are made beforehand.
    """

    name = "torch-struct"
    module = "torch_struct"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.library = importlib.import_module(self.module).LinearChainCRF
        batch_size, num_tokens, num_tags, _ = problem.shape
        place = torch.arange(num_tokens - 1, device=problem.mask.device)
        # Shape: (batch_size, num_tokens - 1, 1, 1)
        self.is_last = (place == (problem.lengths - 2).unsqueeze(1))[..., None, None].float()
        gold = torch.nn.functional.one_hot(problem.gold, num_tags) * problem.mask.unsqueeze(2)
        # Shape: (batch_size, num_tokens - 1, to_tag, from_tag)
        self.gold = (gold[:, 1:].unsqueeze(3) * gold[:, :-1].unsqueeze(2)).float()

    def distribution(self) -> Any:
        """The chain of the problem."""
        emissions, transitions, start, end = self.problem.leaves
        scores = transitions.t() + emissions[:, 1:].unsqueeze(3) + self.is_last * end.unsqueeze(1)
        first = (start + emissions[:, 0])[:, None, None, :]
        scores = torch.cat([scores[:, :1] + first, scores[:, 1:]], dim=1)
        return self.library(scores, lengths=self.problem.lengths)

    def nll(self) -> Any:
        loss = -self.distribution().log_prob(self.gold).sum()
        return (loss.detach(), *torch.autograd.grad(loss, self.problem.leaves))

    def decode(self) -> Any:
        return self.distribution().argmax.unsqueeze(0)

    def top_k(self, k: int) -> Any:
        return self.distribution().topk(k)

    def read_paths(self, result: Any) -> Paths:
        # Shape: (batch_size, num_paths, num_tokens - 1, to_tag, from_tag)
        edges = result.detach().transpose(0, 1)
        first = edges[:, :, :1].sum(dim=3).argmax(dim=3)
        tags = torch.cat([first, edges.sum(dim=4).argmax(dim=3)], dim=2)
        tags = tags * self.problem.mask.unsqueeze(1)
        return Paths(tags, None, torch.ones_like(tags[..., 0], dtype=torch.bool))

    @staticmethod
    def nanoseconds(task: str, shape: Shape, k: int) -> float:
        return 1e6 + 14 * shape.work * shape.num_tags * (k**2 if task == "top_k" else 1)

    @staticmethod
    def gigabytes(task: str, shape: Shape, k: int) -> float:
        pairs = shape.batch_size * 2 ** math.ceil(math.log2(shape.num_tokens)) / 2
        each = 4e-9 * shape.num_tags**3 * (k**2 if task == "top_k" else 1)
        return 4 * pairs * each + 24e-9 * shape.work * k


class Supar(Library):
    """`supar.structs.LinearChainCRF`: `log_prob`, `argmax` and `topk`; start and end are a row of its transitions."""

    name = "supar"
    module = "supar.structs"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.library = importlib.import_module(self.module).LinearChainCRF
        num_tags = problem.shape.num_tags
        transitions = torch.zeros(num_tags + 1, num_tags + 1, device=problem.mask.device)
        transitions[:-1, :-1] = problem.transitions.detach()
        transitions[-1, :-1] = problem.start.detach()
        transitions[:-1, -1] = problem.end.detach()
        self.transitions = transitions.requires_grad_()

    def distribution(self) -> Any:
        """The chain of the problem."""
        return self.library(self.problem.emissions, self.transitions, self.problem.lengths)

    def nll(self) -> Any:
        loss = -self.distribution().log_prob(self.problem.gold).sum()
        scores = (self.problem.emissions, self.transitions)
        return (loss.detach(), *torch.autograd.grad(loss, scores))

    def read_nll(self, result: Any) -> Outcome:
        loss, emissions, transitions = result
        return loss, emissions, transitions[:-1, :-1], transitions[-1, :-1], transitions[:-1, -1]

    def decode(self) -> Any:
        return self.distribution().argmax.unsqueeze(2)

    def top_k(self, k: int) -> Any:
        return self.distribution().topk(k)

    def read_paths(self, result: Any) -> Paths:
        tags = result.transpose(1, 2)
        return Paths(tags, None, torch.ones_like(tags[..., 0], dtype=torch.bool))

    @staticmethod
    def nanoseconds(task: str, shape: Shape, k: int) -> float:
        if task != "top_k":
            return shape.num_tokens * 2e5 + 5 * shape.work
        return (k + 1) * (shape.num_tokens * 5e4 + 2 * shape.work * k**2)

    @staticmethod
    def gigabytes(task: str, shape: Shape, k: int) -> float:
        if task != "top_k":
            return 6e-9 * shape.work
        return shape.work * k * 10e-9 + shape.work / shape.num_tokens * k**2 * 12e-9
