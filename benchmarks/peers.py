"""Other libraries, each optional: one that is not installed becomes a column that says so."""

import importlib
import math
from typing import Any, Dict, List, Optional, Type

import torch

from benchmarks.libraries import Library, Outcome, Paths
from benchmarks.problems import Problem, Shape


class AllenNLP(Library):
    """`allennlp.modules.ConditionalRandomField`: `forward` and `viterbi_tags`."""

    name = "allennlp"
    module = "allennlp.modules"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        crf = importlib.import_module(self.module).ConditionalRandomField(problem.shape.num_tags)
        self.crf = crf.to(problem.mask.device)
        _set(self.crf, problem)

    def nll(self) -> Any:
        crf, problem = self.crf, self.problem
        loss = -crf(problem.emissions, problem.gold, problem.mask)
        scores = (problem.emissions, crf.transitions, crf.start_transitions, crf.end_transitions)
        return (loss.detach(), *torch.autograd.grad(loss, scores))

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


class PytorchCRF(Library):
    """`torchcrf.CRF` of the package pytorch-crf: `forward` and `decode`; it has no K best paths."""

    name = "pytorch-crf"
    module = "torchcrf"
    tasks = ("nll", "decode")

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        crf = importlib.import_module(self.module).CRF(problem.shape.num_tags, batch_first=True)
        self.crf = crf.to(problem.mask.device)
        _set(self.crf, problem)

    def nll(self) -> Any:
        crf, problem = self.crf, self.problem
        loss = -crf(problem.emissions, problem.gold, problem.mask)
        scores = (problem.emissions, crf.transitions, crf.start_transitions, crf.end_transitions)
        return (loss.detach(), *torch.autograd.grad(loss, scores))

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


PEERS: List[Type[Library]] = [AllenNLP, PytorchCRF, TorchStruct, Supar]


def missing(peers: List[Type[Library]]) -> Dict[str, str]:
    """Why peers cannot be had, by name; those that can are left out."""
    reasons = {}
    for peer in peers:
        try:
            importlib.import_module(peer.module)
        except Exception as error:  # a peer that breaks on this torch must not stop the others
            absent = (
                isinstance(error, ModuleNotFoundError) and error.name == peer.module.split(".")[0]
            )
            reasons[peer.name] = "not installed" if absent else f"cannot be imported: {error}"
    return reasons


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
