"""Peers that are CRF modules: they hold parameters, and return lists of tags."""

import importlib
from typing import Any, List, Optional

import torch

from benchmarks.libraries import Library, Paths
from benchmarks.problems import Problem, Shape


class CrfModule(Library):
    """What both have in common: their parameters' names, and a log-likelihood, summed over the batch, as `forward`."""

    crf: Any

    def _take(self, crf: Any) -> None:
        self.crf = crf.to(self.problem.mask.device)
        _set(self.crf, self.problem)

    def nll(self) -> Any:
        crf, problem = self.crf, self.problem
        loss = -crf(problem.emissions, problem.gold, problem.mask)
        scores = (problem.emissions, crf.transitions, crf.start_transitions, crf.end_transitions)
        return (loss.detach(), *torch.autograd.grad(loss, scores))


class AllenNLP(CrfModule):
    """`allennlp.modules.ConditionalRandomField`: `forward` and `viterbi_tags`."""

    name = "allennlp"
    module = "allennlp.modules"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        crf = importlib.import_module(self.module).ConditionalRandomField(problem.shape.num_tags)
        self._take(crf)

    @torch.no_grad()
    def decode(self) -> Any:
        return self.crf.viterbi_tags(self.problem.emissions, self.problem.mask)

    @torch.no_grad()
    def top_k(self, k: int) -> Any:
        return self.crf.viterbi_tags(self.problem.emissions, self.problem.mask, top_k=k)

    def read_paths(self, result: Any) -> Paths:
        rows = [row if isinstance(row, list) else [row] for row in result]
        return _paths_of_lists(
            [[path for path, _ in row] for row in rows],
            [[float(score) for _, score in row] for row in rows],
            self.problem,
        )

    @staticmethod
    def nanoseconds(task: str, shape: Shape, k: int) -> float:
        if task == "nll":
            return shape.num_tokens * 2e5 + 5 * shape.work
        return shape.batch_size * shape.num_tokens * (2e4 + 20 * k * shape.num_tags**2)

    @staticmethod
    def gigabytes(task: str, shape: Shape, k: int) -> float:
        return 6e-9 * shape.work if task == "nll" else 0.0


class PytorchCRF(CrfModule):
    """`torchcrf.CRF` of the package pytorch-crf: `forward` and `decode`; it has no K best paths."""

    name = "pytorch-crf"
    module = "torchcrf"
    tasks = ("nll", "decode")

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        crf = importlib.import_module(self.module).CRF(problem.shape.num_tags, batch_first=True)
        self._take(crf)

    @torch.no_grad()
    def decode(self) -> Any:
        return self.crf.decode(self.problem.emissions, self.problem.mask)

    def read_paths(self, result: Any) -> Paths:
        return _paths_of_lists([[path] for path in result], None, self.problem)

    @staticmethod
    def nanoseconds(task: str, shape: Shape, k: int) -> float:
        if task == "nll":
            return shape.num_tokens * 2e5 + 5 * shape.work
        return shape.num_tokens * (5e4 + 4e3 * shape.batch_size) + 5 * shape.work

    @staticmethod
    def gigabytes(task: str, shape: Shape, k: int) -> float:
        return 6e-9 * shape.work if task == "nll" else 0.0


def _set(crf: Any, problem: Problem) -> None:
    with torch.no_grad():
        crf.transitions.copy_(problem.transitions)
        crf.start_transitions.copy_(problem.start)
        crf.end_transitions.copy_(problem.end)


def _paths_of_lists(
    paths: List[List[List[int]]], scores: Optional[List[List[float]]], problem: Problem
) -> Paths:
    device = problem.mask.device
    most = max(len(row) for row in paths)
    tags = torch.zeros(len(paths), most, problem.shape.num_tokens, dtype=torch.long)
    exist = torch.zeros(len(paths), most, dtype=torch.bool)
    for sentence, row in enumerate(paths):
        exist[sentence, : len(row)] = True
        for rank, path in enumerate(row):
            tags[sentence, rank, : len(path)] = torch.tensor(path)
    values = None
    if scores is not None:
        values = torch.full((len(paths), most), -float("inf"))
        for sentence, numbers in enumerate(scores):
            values[sentence, : len(numbers)] = torch.tensor(numbers)
        values = values.to(device)
    return Paths(tags.to(device), values, exist.to(device))
