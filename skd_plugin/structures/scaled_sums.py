"""The sums over all prefixes and suffixes, in the space of probabilities: fast."""

from functools import cached_property
from typing import Any, NamedTuple, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from skd_plugin.structures.layout import IMPOSSIBLE, Layout, Scores

# With scores as close as this, in nats, and sums as large as this, no product of three doubles underflows.
LARGEST_SPREAD = 200.0
SMALLEST_SUM = 1e-100
SMALLEST = 1e-300


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
        if self._spread < LARGEST_SPREAD:
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
    def _spread(self) -> float:
        return _spread(self._detached)

    @cached_property
    def _run(self) -> "_Run":
        steps_unscaled = max(1, int(LARGEST_SPREAD / 2 / max(self._spread, 1.0)))
        return _Run.of(self._detached, self._layout, steps_unscaled)


class _Run(NamedTuple):
    """
    What the recursion leaves behind, in double precision; sentences in `before` and `through` by falling length.

    # Parameters

    moves : `Tensor`
        Shape (2, num_tags, num_tags) or (2, batch_size, num_tags, num_tags), exp(transitions) and its transpose; the
        largest is 1.
    before, through : `Tensor`
        Shape (num_tokens, 2, batch_size, num_tags): sums over the ways to a tag, without its emission and with it. The
        latter sum to 1 over the tags.
    log_partition : `Tensor`
        Shape (batch_size,).
    """

    moves: Tensor
    before: Tensor
    through: Tensor
    log_partition: Tensor

    @classmethod
    def of(cls, scores: Scores, layout: Layout, scale_every: int) -> "_Run":
        emissions, transitions, start, end = (tensor.double() for tensor in scores)
        largest_emissions = emissions.amax(dim=2, keepdim=True)
        largest_transitions = transitions.amax(dim=(-2, -1), keepdim=True)
        moves = (transitions - largest_transitions).exp()
        moves = torch.stack([moves, moves.transpose(-2, -1)])
        ends = torch.stack([start, end])
        largest_ends = ends.amax(dim=1, keepdim=True)
        ends = (ends - largest_ends).exp()

        # Shape: (num_tokens, 2, batch_size, num_tags)
        through = layout.to_steps((emissions - largest_emissions).exp_())
        before = torch.ones_like(through)
        before[0] = ends.unsqueeze(1)
        moves_in_order = moves if moves.dim() == 3 else moves[:, layout.order]
        # Shape: (num_tokens, batch_size, 1), of the way from the start
        scales = torch.ones_like(before[:, 0, :, :1])
        last = None
        for step, (arrived, here) in enumerate(zip(*map(layout.cut_both, (before, through)))):
            if last is not None:
                _move(last, moves_in_order, arrived)
            last = here.mul_(arrived)
            if step % scale_every == 0:
                scale = here.amax(dim=-1, keepdim=True).clamp_(min=SMALLEST)
                here.div_(scale)
                scales[step, : scale.size(1)] = scale[0]

        # Shape: (batch_size,), sentences by falling length
        ended = (layout.select_last(through[:, 0]) * ends[1]).sum(dim=1).log()
        scales = layout.steps_to_tokens(scales.log_()) + largest_emissions
        log_partition = (
            (scales.squeeze(2) * layout.mask).sum(dim=1)
            + layout.in_order(ended)
            + layout.last * largest_transitions.flatten()
            + largest_ends.sum()
        )
        return cls(moves, before, through, log_partition)


def _move(through: Tensor, moves: Tensor, out: Tensor) -> None:
    """
    One step: `out`, shape (2, running, num_tags), becomes `through` @ `moves`; sentences that end are left out.

    Shapes of `through`: (2, running or more, num_tags); of `moves`: as in `_Run`, sentences by falling length.
    """
    running = out.size(1)
    if through.size(1) > running:
        through = through[:, :running]
    if moves.dim() == 3:
        torch.bmm(through, moves, out=out)
    else:
        torch.matmul(through.unsqueeze(2), moves[:, :running], out=out.unsqueeze(2))


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
        # Shape: (num_tokens, batch_size, num_tags), sentences by falling length
        before, through = run.before[:, 0], run.through[:, 0]
        nodes = layout.reversed_steps(run.before) * through
        # Shape: (num_tokens, batch_size, 1)
        weight = (gradient.double().unsqueeze(1) * layout.mask)[layout.order].t().unsqueeze(2)
        nodes *= weight / nodes.sum(dim=2, keepdim=True).clamp_(min=SMALLEST)
        # p(x, y) = through[t, x] moves[x, y] nodes[t+1, y] / before[t+1, y]
        onwards = (nodes / before).nan_to_num_(0.0)
        edges = _sum_of_products(through[:-1], onwards[1:], ctx.batched)
        if ctx.batched:
            edges = layout.in_order(edges)
        gradients = (
            layout.steps_to_tokens(nodes.to(ctx.dtype)),
            edges * run.moves[0],
            nodes[0].sum(dim=0),
            layout.select_last(nodes).sum(dim=0),
        )
        return (*(one.to(ctx.dtype) for one in gradients), None, None)


class _BeforeAndAfter(torch.autograd.Function):
    """log before and log after; their gradient runs the recursion the other way."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tuple[Tensor, Tensor]:
        emissions, transitions, _, _, ctx.run, ctx.layout = inputs
        ctx.dtype, ctx.batched = emissions.dtype, transitions.dim() == 3
        run, layout = ctx.run, ctx.layout
        sums = run.before.log().clamp_(min=IMPOSSIBLE).to(ctx.dtype)
        before, after = layout.to_tokens(sums)
        mask = layout.mask.unsqueeze(2)
        return before * mask, after * mask

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
        moved = list(
            zip(layout.cut_both(emitted, 1), layout.cut_both(run.through, 1), steps.unbind(0)[1:])
        )
        for step in range(len(steps) - 1, -1, -1):
            if step < len(moved):
                gradient, through, following = moved[step]
                _move(following, moves, gradient)
                gradient.mul_(through)
            steps[step].add_(emitted[step]).mul_(inverse[step])

        edges = torch.stack(
            [_sum_of_products(run.through[:-1, way], steps[1:, way], ctx.batched) for way in (0, 1)]
        )
        if ctx.batched:
            edges = edges[:, layout.rank]
        edges = edges * run.moves
        by_emissions = sum(layout.to_tokens(emitted))
        # Shape: (2, num_tags)
        ends = (run.before[0] * steps[0]).sum(dim=1)
        gradients = (by_emissions, edges[0] + edges[1].transpose(-2, -1), ends[0], ends[1])
        return (*(one.to(ctx.dtype) for one in gradients), None, None)


def _sum_of_products(left: Tensor, right: Tensor, batched: bool) -> Tensor:
    """
    The sum of left[t, x] right[t, y] over all tokens, shape (num_tags, num_tags); of each sentence alone if `batched`.

    Shapes of both: (num_tokens, batch_size, num_tags).
    """
    if batched:
        return left.permute(1, 2, 0) @ right.transpose(0, 1)
    return left.flatten(0, 1).t() @ right.flatten(0, 1)


def _spread(scores: Scores) -> float:
    """At least the largest difference, in nats, that a step of the recursion can make between two tags."""
    emissions, transitions, start, end = (
        largest - smallest for smallest, largest in (tensor.aminmax() for tensor in scores)
    )
    return float(emissions + 2 * transitions + torch.maximum(start, end))


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
