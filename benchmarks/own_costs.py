"""What `LinearChain` costs by itself: one quantity against another, and time against size."""

import math
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import torch
from torch import Tensor

from benchmarks.libraries import Ours
from benchmarks.problems import Problem, Shape, make_problem
from benchmarks.side_by_side import Cell
from benchmarks.timing import Call, Setting, take_turns
from skd_plugin.knowledge import KnowledgeBatch
from skd_plugin.losses import PosteriorLoss, StructuralLoss, TopKLoss
from skd_plugin.structures import LinearChain


def compare(task: str, shape: Shape, setting: Setting, budget: float) -> List[Cell]:
    """The cells of `PAIRS[task]`: the second's ratio is that of its time to the first's."""
    calls = PAIRS[task](make_problem(shape, torch.device(setting.device)))
    for call in calls.values():
        call()
        call()
    timings = take_turns(calls, setting.device, budget)
    return [Cell(task, shape, 1, setting, name, timing) for name, timing in timings.items()]


def _marginals_forward(problem: Problem) -> Dict[str, Call]:
    ours = Ours(problem)
    no_grad = torch.no_grad()
    return {
        "log_partition": no_grad(lambda: ours.chain().log_partition),
        "marginals": no_grad(lambda: ours.chain().marginals),
    }


def _marginals_with_gradients(problem: Problem) -> Dict[str, Call]:
    ours = Ours(problem)
    weights = torch.randn_like(problem.emissions)

    def gradients(of: Callable[[LinearChain], Tensor]) -> Call:
        return lambda: torch.autograd.grad(of(ours.chain()), problem.leaves)

    return {
        "log_partition": gradients(lambda chain: chain.log_partition.sum()),
        "marginals": gradients(lambda chain: (chain.marginals * weights).sum()),
    }


def _training_step(problem: Problem) -> Dict[str, Call]:
    ours = Ours(problem)
    knowledge = _knowledge(problem)
    losses = (PosteriorLoss(), StructuralLoss(), TopKLoss(k=10))

    def all_losses() -> Any:
        chain = ours.chain()
        total = -chain.log_prob(problem.gold).sum()
        for loss in losses:
            total = total + loss(chain, knowledge).sum()
        return torch.autograd.grad(total, problem.leaves)

    return {"NLL": ours.nll, "NLL + posterior + structural + top-10": all_losses}


PAIRS: Dict[str, Callable[[Problem], Dict[str, Call]]] = {
    "marginals, forward": _marginals_forward,
    "marginals, forward + backward": _marginals_with_gradients,
    "step, forward + backward": _training_step,
}


class Growth(NamedTuple):
    """
    Time against one dimension of the problem.

    # Parameters

    task : `str`
        "nll" (forward and backward), "marginals" or "top_k".
    axis : `str`
        "T", "C" or "K".
    sizes : `Tuple[int, ...]`
    seconds : `Tuple[float, ...]`
        Medians.
    """

    task: str
    axis: str
    sizes: Tuple[int, ...]
    seconds: Tuple[float, ...]

    @property
    def fitted(self) -> int:
        """The first of the sizes that count: smaller ones take less than twice the time of the smallest."""
        bound = 2 * self.seconds[0]
        start = next((i for i, time in enumerate(self.seconds) if time >= bound), len(self.sizes))
        return max(0, min(start, len(self.sizes) - 3))

    @property
    def exponent(self) -> float:
        """Of the power of the size that fits the times best: the slope of the least squares between logarithms."""
        x = [math.log(size) for size in self.sizes[self.fitted :]]
        y = [math.log(time) for time in self.seconds[self.fitted :]]
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        covariance = sum((one - mean_x) * (other - mean_y) for one, other in zip(x, y))
        return covariance / sum((one - mean_x) ** 2 for one in x)


def growth(
    task: str,
    axis: str,
    sizes: Sequence[int],
    shape: Shape,
    k: int,
    setting: Setting,
    budget: float,
) -> Growth:
    """Times a task at the given sizes of one dimension, all sizes in turns; `shape` and `k` have the others."""
    calls = {}
    for size in sizes:
        here = shape
        if axis == "T":
            here = shape._replace(num_tokens=size)
        if axis == "C":
            here = shape._replace(num_tags=size)
        problem = make_problem(here, torch.device(setting.device))
        calls[str(size)] = _own_call(task, problem, size if axis == "K" else k)
    for call in calls.values():
        call()
    timings = take_turns(calls, setting.device, budget)
    return Growth(task, axis, tuple(sizes), tuple(timings[str(size)].seconds for size in sizes))


def _own_call(task: str, problem: Problem, k: int) -> Call:
    ours, no_grad = Ours(problem), torch.no_grad()
    calls: Dict[str, Call] = {
        "nll": ours.nll,
        "marginals": no_grad(lambda: ours.chain().marginals),
        "top_k": no_grad(lambda: ours.chain().top_k(k)),
    }
    return calls[task]


def _knowledge(problem: Problem) -> KnowledgeBatch:
    """What a teacher with other scores would have cached."""
    other = make_problem(problem.shape, problem.mask.device, seed=1)
    with torch.no_grad():
        teacher = LinearChain(*other.leaves, mask=problem.mask)
        best = teacher.top_k(10)
        return KnowledgeBatch(
            present=torch.ones_like(problem.mask[:, 0]),
            paths=best.paths,
            path_log_probs=best.scores - teacher.log_partition.unsqueeze(1),
            path_mask=best.mask,
            log_posteriors=teacher.log_marginals,
            expected_transitions=teacher.expected_transitions,
        )
