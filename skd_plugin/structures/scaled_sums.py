"""The sums over all prefixes and suffixes, in the space of probabilities: fast."""

from functools import cached_property
from typing import Any, Iterable, Optional, Tuple

import torch
from torch import Tensor

from .layout import IMPOSSIBLE, Layout, Scores
from .scaled_run import LARGEST_SPREAD, ScaledRun

# With sums as large as this, and scores as close as `LARGEST_SPREAD`, no product of three doubles underflows.
SMALLEST_SUM = 1e-100


class ScaledSums:
    """
    The recursion on probabilities, scaled now and then, in double precision.

    `certain` says whether nothing underflowed; where it is false the results are not to be used.

    # Parameters

    scores : `Scores`
    layout : `Layout`
    """

    def __init__(self, scores: Scores, layout: Layout) -> None:
        self._scores = scores
        self._layout = layout
        self._detached = Scores(*(tensor.detach() for tensor in scores))

    @cached_property
    def certain(self) -> bool:
        """Looks at the scores, which usually says it all; where some are forbidden, at the sums, too."""
        if self._run.all_possible:
            return True
        if not _spread(_without_impossible(self._detached)) < LARGEST_SPREAD:
            return False
        before = self._run.before
        return bool(before.masked_fill(before == 0, 1.0).amin() >= SMALLEST_SUM)

    @cached_property
    def log_partition(self) -> Tensor:
        """Shape (batch_size,), in double precision."""
        return _LogPartition.apply(*self._scores, self._run)

    @cached_property
    def log_marginals(self) -> Tensor:
        """Shape (batch_size, num_tokens, num_tags), 0 on padding."""
        return _LogMarginals.apply(*self._scores, self._run)

    @cached_property
    def before_and_after(self) -> Tuple[Tensor, Tensor]:
        """Both of shape (batch_size, num_tokens, num_tags)."""
        return _BeforeAndAfter.apply(*self._scores, self._run)

    @cached_property
    def expected_transitions(self) -> Tensor:
        """Shape (batch_size, num_tags, num_tags), without a gradient."""
        return self._run.expected_transitions.to(self._scores.emissions.dtype)

    @cached_property
    def _run(self) -> ScaledRun:
        return ScaledRun(self._detached, self._layout)


class _OfRun(torch.autograd.Function):
    """
    What is read off a run; a sub-class says what, and how its gradient comes back.

    The recursion has no second derivatives; whoever asks for them is refused, and not given zeros.
    """

    @classmethod
    def forward(cls, ctx: Any, *inputs: Any) -> Any:
        *scores, ctx.run = inputs
        ctx.dtype = scores[0].dtype
        ctx.save_for_backward(*scores)
        return cls.read(ctx.run, ctx.dtype)

    @classmethod
    def backward(cls, ctx: Any, *gradients: Tensor) -> Tuple[Optional[Tensor], ...]:
        with torch.no_grad():
            by_scores = [one.to(ctx.dtype) for one in cls.bring_back(ctx.run, *gradients)]
        if torch.is_grad_enabled():  # with create_graph=True
            by_scores = _Refusal.apply(*ctx.saved_tensors, *by_scores)
        return (*by_scores, None)

    @staticmethod
    def read(run: ScaledRun, dtype: torch.dtype) -> Any:
        """The output."""
        raise NotImplementedError

    @staticmethod
    def bring_back(run: ScaledRun, *gradients: Tensor) -> Iterable[Tensor]:
        """From gradients by the output to those by the scores."""
        raise NotImplementedError


class _Refusal(torch.autograd.Function):
    """Passes gradients on, and raises where they are differentiated again."""

    @staticmethod
    def forward(ctx: Any, *scores_and_gradients: Tensor) -> Tuple[Tensor, ...]:
        return tuple(gradient.clone() for gradient in scores_and_gradients[4:])

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> Any:
        raise RuntimeError(
            "a linear chain is differentiable once: there are no second derivatives (create_graph=True)"
        )


class _LogPartition(_OfRun):
    """log Z; its gradient is how often each score is expected to be used."""

    @staticmethod
    def read(run: ScaledRun, dtype: torch.dtype) -> Tensor:
        return run.log_partition.clone()  # the run itself would be kept alive by its own output

    @staticmethod
    def bring_back(run: ScaledRun, *gradients: Tensor) -> Iterable[Tensor]:
        return run.expected_scores(gradients[0])


class _LogMarginals(_OfRun):
    """log p(y_t = tag) = log_softmax(log before + emissions + log after)."""

    @staticmethod
    def read(run: ScaledRun, dtype: torch.dtype) -> Tensor:
        log_marginals = run.marginals.log().clamp_(min=IMPOSSIBLE).to(dtype)
        return run.layout.steps_to_tokens(log_marginals) * run.layout.mask.unsqueeze(2)

    @staticmethod
    def bring_back(run: ScaledRun, *gradients: Tensor) -> Iterable[Tensor]:
        (gradient,) = gradients
        marginals = run.layout.steps_to_tokens(run.marginals).to(gradient.dtype)
        total = gradient.sum(dim=2, keepdim=True)
        scores = torch.addcmul(gradient, marginals, total, value=-1)
        scores = scores * run.layout.mask.unsqueeze(2)
        emissions, *others = run.gradients(run.layout.to_steps(scores).double())
        return scores + emissions, *others


class _BeforeAndAfter(_OfRun):
    """log before and log after."""

    @staticmethod
    def read(run: ScaledRun, dtype: torch.dtype) -> Tuple[Tensor, Tensor]:
        sums = run.before.log().clamp_(min=IMPOSSIBLE)
        # The factor of each token would take digits of single precision.
        sums = (sums - sums.amax(dim=3, keepdim=True)).to(dtype)
        before, after = run.layout.to_tokens(sums)
        mask = run.layout.mask.unsqueeze(2)
        return before * mask, after * mask

    @staticmethod
    def bring_back(run: ScaledRun, *gradients: Tensor) -> Iterable[Tensor]:
        layout = run.layout
        before, after = (gradient * layout.mask.unsqueeze(2) for gradient in gradients)
        steps = layout.to_steps(before)
        steps[:, 1] = layout.to_steps(after)[:, 1]
        return run.gradients(steps.double())


def _spread(scores: Scores) -> float:
    """At least the largest difference, in nats, that a step of the recursion can make between two tags."""
    emissions = scores.emissions.amax(dim=2) - scores.emissions.amin(dim=2)
    transitions, start, end = (tensor.amax() - tensor.amin() for tensor in scores[1:])
    return float(emissions.amax() + 2 * transitions + torch.maximum(start, end))


def _without_impossible(scores: Scores) -> Scores:
    """The same, with the largest score of its kind in the place of each that is impossible."""

    def fill(tensor: Tensor, *dims: int) -> Tensor:
        return torch.where(tensor > IMPOSSIBLE / 2, tensor, tensor.amax(dim=dims, keepdim=True))

    return Scores(
        fill(scores.emissions, 2),
        fill(scores.transitions, -2, -1),
        fill(scores.start, 0),
        fill(scores.end, 0),
    )
