"""The sums over all prefixes and suffixes, in the space of probabilities: fast."""

from functools import cached_property
from typing import Any, NamedTuple, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from skd_plugin.structures.layout import IMPOSSIBLE, Layout, Scores, running_steps

# With scores as close as this, in nats, and sums as large as this, no product of three doubles underflows.
LARGEST_SPREAD = 200.0
SMALLEST_SUM = 1e-100


class ScaledSums:
    """
    The recursion on probabilities, each step scaled to sum 1, in double precision.

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
        if _spread(self._detached) < LARGEST_SPREAD:
            return True
        if not _spread(_without_impossible(self._detached)) < LARGEST_SPREAD:
            return False
        before = self._run.before
        return bool(before.masked_fill(before == 0, 1.0).amin() >= SMALLEST_SUM)

    @cached_property
    def log_partition(self) -> Tensor:
        """Shape (batch_size,)."""
        return _LogPartition.apply(*self._scores, self._run, self._layout)

    @cached_property
    def before_and_after(self) -> Tuple[Tensor, Tensor]:
        """Both of shape (batch_size, num_tokens, num_tags)."""
        return _BeforeAndAfter.apply(*self._scores, self._run, self._layout)

    @cached_property
    def _run(self) -> "_Run":
        return _Run.of(self._detached, self._layout)


class _Run(NamedTuple):
    """
    What the recursion leaves behind; all in double precision.

    # Parameters

    emitted : `Tensor`
        Shape (batch_size, num_tokens, num_tags), exp(emissions), the largest of a token 1.
    moves : `Tensor`
        Shape (2, num_tags, num_tags) or (2, batch_size, num_tags, num_tags), exp(transitions) and its transpose; the
        largest is 1.
    before, through : `Tensor`
        Shape (num_tokens, 2, batch_size, num_tags): sums over the ways to a tag, without its emission and with it. The
        latter sum to 1 over the tags.
    log_partition : `Tensor`
        Shape (batch_size,).
    """

    emitted: Tensor
    moves: Tensor
    before: Tensor
    through: Tensor
    log_partition: Tensor

    @classmethod
    def of(cls, scores: Scores, layout: Layout) -> "_Run":
        emissions, transitions, start, end = (tensor.double() for tensor in scores)
        largest_emissions = emissions.amax(dim=2, keepdim=True)
        emitted = (emissions - largest_emissions).exp()
        largest_transitions = transitions.amax(dim=(-2, -1), keepdim=True)
        moves = (transitions - largest_transitions).exp()
        moves = torch.stack([moves, moves.transpose(-2, -1)])
        ends = torch.stack([start, end])
        largest_ends = ends.amax(dim=1, keepdim=True)
        ends = (ends - largest_ends).exp()

        # Shape: (num_tokens, 2, batch_size, num_tags)
        through = layout.to_steps(emitted)
        before = torch.ones_like(through)
        # Shape: (num_tokens, 2, batch_size, 1)
        sums = before.new_ones((*through.shape[:3], 1))
        before[0] = ends.unsqueeze(1)
        moves_in_order = moves if moves.dim() == 3 else moves[:, layout.order]
        running = layout.running
        befores = running_steps(before, running)
        throughs, totals = running_steps(through, running), running_steps(sums, running)
        for step, (arrived, here, total) in enumerate(zip(befores, throughs, totals)):
            if step:
                _move(throughs[step - 1], moves_in_order, arrived)
            here.mul_(arrived)
            torch.sum(here, dim=-1, keepdim=True, out=total)
            here.div_(total)

        # Shape: (batch_size, num_tokens)
        scales = layout.to_tokens(sums, layout.from_start).log() + largest_emissions
        scales = scales.squeeze(2) * layout.mask
        # Shape: (batch_size, num_tags)
        last = layout.from_start.gather(1, layout.last.unsqueeze(1)).squeeze(1)
        ended = through.flatten(0, 2).index_select(0, last) * ends[1]
        log_partition = (
            scales.sum(dim=1)
            + largest_ends.sum()
            + layout.last * largest_transitions.flatten()
            + ended.sum(dim=1).log()
        )
        return cls(emitted, moves, before, through, log_partition)


def _move(through: Tensor, moves: Tensor, out: Tensor) -> None:
    """
    One step: `out`, shape (2, running, num_tags), becomes `through` @ `moves`; sentences that end are left out.

    Shapes of `through`: (2, running or more, num_tags); of `moves`: as in `_Run`, in the order of the steps.
    """
    running = out.size(1)
    if moves.dim() == 3:
        torch.bmm(through[:, :running], moves, out=out)
    else:
        torch.matmul(through[:, :running].unsqueeze(2), moves[:, :running], out=out.unsqueeze(2))


class _LogPartition(torch.autograd.Function):
    """log Z; its gradient is the expected number of times that each score is used."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        emissions, transitions, _, _, ctx.run, ctx.layout = inputs
        ctx.dtype, ctx.batched = emissions.dtype, transitions.dim() == 3
        return ctx.run.log_partition.to(emissions.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tuple[Optional[Tensor], ...]:  # type: ignore[override]
        run, layout = ctx.run, ctx.layout
        # Shape: (batch_size, num_tokens, num_tags)
        before = layout.to_tokens(run.before, layout.from_start)
        onwards = run.emitted * layout.to_tokens(run.before, layout.from_end)
        nodes = before * onwards
        weight = (gradient.double().unsqueeze(1) * layout.mask).unsqueeze(2)
        weight = weight / nodes.sum(dim=2, keepdim=True)
        nodes *= weight
        through = layout.to_tokens(run.through, layout.from_start)[:, :-1]
        edges = _sum_of_products(through, (onwards * weight)[:, 1:], ctx.batched) * run.moves[0]
        ends = nodes.gather(1, layout.last.view(-1, 1, 1).expand(-1, 1, nodes.size(2)))
        gradients = (nodes, edges, nodes[:, 0].sum(dim=0), ends.sum(dim=(0, 1)))
        return (*(one.to(ctx.dtype) for one in gradients), None, None)


class _BeforeAndAfter(torch.autograd.Function):
    """log before and log after; their gradient runs the recursion the other way."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tuple[Tensor, Tensor]:
        emissions, transitions, _, _, ctx.run, ctx.layout = inputs
        ctx.dtype, ctx.batched = emissions.dtype, transitions.dim() == 3
        run, layout = ctx.run, ctx.layout
        sums = run.before.log().clamp_(min=IMPOSSIBLE).to(ctx.dtype)
        before = layout.to_tokens(sums, layout.from_start) * layout.mask.unsqueeze(2)
        after = layout.to_tokens(sums, layout.from_end) * layout.mask.unsqueeze(2)
        return before, after

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, before: Tensor, after: Tensor
    ) -> Tuple[Optional[Tensor], ...]:
        run, layout = ctx.run, ctx.layout
        # d log before[t+1, y] / d log through[t, x] = through[t, x] moves[x, y] / before[t+1, y]
        inverse = 1.0 / run.before
        inverse.masked_fill_(run.before == 0, 0.0)
        mask = layout.mask.unsqueeze(2)
        # Shape: (num_tokens, 2, batch_size, num_tags), the gradients by before, then divided by it
        steps = layout.to_steps((before * mask).double())
        steps[:, 1] = layout.to_steps((after * mask).double())[:, 1]
        # The gradients by through, which are those by emissions
        emitted = torch.zeros_like(steps)
        moves = run.moves.transpose(-2, -1)
        moves = moves if moves.dim() == 3 else moves[:, layout.order]
        running = [*layout.running[1:], 0]
        views = [running_steps(tensor, running) for tensor in (emitted, run.through)]
        for step in range(len(running) - 1, -1, -1):
            if running[step]:
                gradient, through = views[0][step], views[1][step]
                _move(steps[step + 1], moves, gradient)
                gradient.mul_(through)
            steps[step].add_(emitted[step]).mul_(inverse[step])

        # Shape: (batch_size, num_tokens, 2, num_tags), by falling length
        through, steps_of = run.through.permute(2, 0, 1, 3), steps.permute(2, 0, 1, 3)
        edges = torch.stack(
            [
                _sum_of_products(through[:, :-1, way], steps_of[:, 1:, way], ctx.batched)
                for way in (0, 1)
            ]
        )
        if ctx.batched:
            edges = edges[:, layout.order.argsort()]
        edges = edges * run.moves
        by_emissions = layout.to_tokens(emitted, layout.from_start)
        by_emissions = by_emissions + layout.to_tokens(emitted, layout.from_end)
        # Shape: (2, num_tags)
        ends = (run.before[0] * steps[0]).sum(dim=1)
        gradients = (by_emissions, edges[0] + edges[1].transpose(-2, -1), ends[0], ends[1])
        return (*(one.to(ctx.dtype) for one in gradients), None, None)


def _sum_of_products(left: Tensor, right: Tensor, batched: bool) -> Tensor:
    """
    The sum of left[t, x] right[t, y] over all tokens, shape (num_tags, num_tags); of each sentence alone if `batched`.

    Shapes of both: (batch_size, num_tokens, num_tags).
    """
    if batched:
        return left.transpose(1, 2) @ right
    return left.flatten(0, 1).t() @ right.flatten(0, 1)


def _spread(scores: Scores) -> float:
    """The largest difference, in nats, that a step of the recursion can make between two tags."""
    emissions, transitions, start, end = scores
    at_ends = torch.stack([start, end])
    spread: Tensor = (
        (emissions.amax(dim=2) - emissions.amin(dim=2)).amax()
        + 2 * (transitions.amax() - transitions.amin())
        + (at_ends.amax(dim=1) - at_ends.amin(dim=1)).amax()
    )
    return spread.item()


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
