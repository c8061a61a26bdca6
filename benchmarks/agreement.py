"""Whether two libraries say the same; if not, which of them is wrong: no time is worth anything before that."""

from typing import Optional

import torch
from torch import Tensor

from benchmarks.libraries import Outcome, Paths
from benchmarks.problems import Problem, exact_nll, path_scores

LOSS_TOLERANCE = 1e-5  # relative
GRADIENT_TOLERANCE = 1e-3  # of the largest entry, or of one use of a score if that is more
SCORE_TOLERANCE = 1e-5  # relative, and ten times that absolute

NAMES = ("loss", "emissions", "transitions", "start", "end")


class Verdict(Exception):
    """Somebody is wrong: `ours` says whether it is the library under test, the message what it did."""

    def __init__(self, ours: bool, message: str) -> None:
        super().__init__(f"{'skd_plugin' if ours else 'peer'} wrong: {message}")
        self.ours = ours


def check_nll(problem: Problem, ours: Outcome, theirs: Outcome) -> None:
    """
    Both losses and all gradients agree, or `Verdict` is raised against the one that double precision refutes.
    """
    if _difference(ours, theirs) is None:
        return
    exact = exact_nll(problem)
    for mine, outcome in ((True, ours), (False, theirs)):
        message = _difference(exact, outcome)
        if message:
            raise Verdict(mine, message)


def _difference(expected: Outcome, found: Outcome) -> Optional[str]:
    for name, one, other in zip(NAMES, expected, found):
        tolerance = LOSS_TOLERANCE if name == "loss" else GRADIENT_TOLERANCE
        largest = float(one.double().abs().max())
        error = float((one.double() - other.double()).abs().max())
        if not error <= tolerance * max(largest, 1.0):
            what = "loss" if name == "loss" else f"gradient by {name}"
            return f"{what} is off by {error:.1e}, where the largest entry is {largest:.1e}"
    return None


def check_paths(problem: Problem, ours: Paths, theirs: Paths, k: int) -> None:
    """
    Both give the best paths, or `Verdict` is raised.

    Every path is scored anew by the definition, in double precision. Then a list is wrong if it holds a path twice, if
    its scores are not those of its paths or not in order, or if the other list is better at any rank.
    """
    lengths, num_tags = problem.lengths.tolist(), problem.shape.num_tags
    # Powers above 64 would only overflow: no k is so large.
    expected = torch.tensor([min(k, num_tags ** min(length, 64)) for length in lengths])
    scores = {}
    for mine, paths in ((True, ours), (False, theirs)):
        fault = _fault(problem, paths, expected.to(problem.mask.device))
        if fault:
            raise Verdict(mine, fault)
        scores[mine] = path_scores(problem, paths.tags)[:, :k]
    here = ours.exist[:, :k] & theirs.exist[:, :k]
    for mine in (True, False):
        worse = _above(scores[not mine], scores[mine]) & here
        if worse.any():
            row, rank = worse.nonzero()[0].tolist()
            raise Verdict(
                mine,
                f"path {rank + 1} of sentence {row + 1} has the score {float(scores[mine][row, rank]):.4f}, "
                f"and there is one of {float(scores[not mine][row, rank]):.4f}",
            )


def _fault(problem: Problem, paths: Paths, expected: Tensor) -> Optional[str]:
    tags = paths.tags.masked_fill(~problem.mask.unsqueeze(1), 0)
    found = paths.exist.sum(dim=1)
    for row in (found != expected).nonzero().flatten().tolist():
        return (
            f"gives {int(found[row])} paths of sentence {row + 1}, which has {int(expected[row])}"
        )
    for row, (sentence, exist) in enumerate(zip(tags.cpu(), paths.exist.cpu())):
        sentence = sentence[exist]
        distinct = len(torch.unique(sentence, dim=0))
        if distinct < len(sentence):
            return f"of {len(sentence)} paths of sentence {row + 1} only {distinct} are distinct"
    true = path_scores(problem, tags)
    if (_above(true[:, 1:], true[:, :-1]) & paths.exist[:, 1:]).any():
        return "paths are not in order"
    if paths.scores is not None:
        off = _above(true, paths.scores.double()) | _above(paths.scores.double(), true)
        for row, rank in (off & paths.exist).nonzero()[:1].tolist():
            said, right = float(paths.scores[row, rank]), float(true[row, rank])
            return f"says {said:.4f} of a path whose score is {right:.4f}"
    return None


def _above(one: Tensor, other: Tensor) -> Tensor:
    """Where one is larger than the other by more than rounding."""
    return one - other > SCORE_TOLERANCE * (10 + other.abs())
