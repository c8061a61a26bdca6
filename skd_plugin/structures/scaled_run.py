"""One run through all prefixes and suffixes, in the space of probabilities."""

import math
from functools import cached_property
from typing import Tuple

import torch
from torch import Tensor

from .layout import Layout, Scores

# With scores as close as this, in nats, no product of three doubles underflows.
LARGEST_SPREAD = 200.0
SMALLEST = 1e-300


class ScaledRun:
    """
    One run of the recursion, in double precision.

    # Parameters

    scores : `Scores`
    layout : `Layout`
    """

    def __init__(self, scores: Scores, layout: Layout) -> None:
        emissions, transitions, start, end = (tensor.double() for tensor in scores)
        largest_emissions = emissions.amax(dim=2, keepdim=True)
        largest_transitions = transitions.amax(dim=(-2, -1), keepdim=True)
        moves = (transitions - largest_transitions).exp()
        ends = torch.stack([start, end])
        largest_ends = ends.amax(dim=1, keepdim=True)
        ends = (ends - largest_ends).exp()

        self.layout = layout
        # Shape: (2, num_tags, num_tags) or (2, batch_size, num_tags, num_tags), either way
        self.moves = torch.stack([moves, moves.transpose(-2, -1)])
        # Shape: (num_tokens, 2, batch_size, num_tags), sentences by falling length, up to a factor of each token: sums
        # over the ways to a tag, without its emission and with it
        emitted = (emissions - largest_emissions).exp_()
        self.through = layout.to_steps(emitted)
        self.before = torch.ones_like(self.through)
        self.before[0] = ends.unsqueeze(1)
        # The largest difference between two tags that a step can make, in nats
        smallest = float(emitted.amin() * moves.amin() ** 2 * ends.amin())
        spread = -math.log(smallest) if smallest > 0 else math.inf
        self.all_possible = spread < LARGEST_SPREAD
        # So rarely are sums scaled to a maximum of 1 that they come nowhere near the smallest or the largest double.
        largest_change = spread + math.log(len(start)) + 1.0
        scales = self._go(max(1, int(LARGEST_SPREAD / 2 / largest_change)))

        ended = (layout.select_last(self.through[:, 0]) * ends[1]).sum(dim=1).log()
        # Shape: (batch_size,)
        self.log_partition = (
            layout.in_order(ended + scales)
            + (largest_emissions.squeeze(2) * layout.mask).sum(dim=1)
            + layout.last * largest_transitions.flatten()
            + largest_ends.sum()
        )

    def _go(self, scale_every: int) -> Tensor:
        """The recursion; shape (batch_size,), by how much sums from the start were scaled, by falling length."""
        layout, moves = self.layout, self._moves_in_order
        total = self.before.new_zeros(self.before.size(2))
        last = None
        pairs = zip(layout.cut_both(self.before), layout.cut_both(self.through))
        for step, (arrived, here) in enumerate(pairs, start=1):
            if last is not None:
                _move(last, moves, arrived)
            last = here.mul_(arrived)
            if step % scale_every == 0:
                scale = here.amax(dim=-1, keepdim=True).clamp_(min=SMALLEST)
                here.div_(scale)
                running = layout.running[step - 1]
                total[:running] += scale[0, :running, 0].log()
        return total

    @property
    def _moves_in_order(self) -> Tensor:
        if self.moves.dim() == 3:
            return self.moves
        return self.layout.by_length(self.moves.transpose(0, 1)).transpose(0, 1)

    @cached_property
    def _divisor(self) -> Tensor:
        """`before`, but infinite where it is 0: what cannot be reached has no gradient."""
        if self.all_possible:
            return self.before
        return self.before.masked_fill(self.before == 0, float("inf"))

    @cached_property
    def marginals(self) -> Tensor:
        """Shape (num_tokens, batch_size, num_tags), sentences by falling length; anything finite on padding."""
        marginals = self.layout.reversed_steps(self.before).mul_(self.through[:, 0])
        return marginals.div_(marginals.sum(dim=2, keepdim=True).clamp_(min=SMALLEST))

    def expected_scores(self, weight: Tensor) -> Tuple[Tensor, ...]:
        """
        How often each score is used, summed with a weight of each sentence, shape (batch_size,); shaped as the scores.
        """
        layout = self.layout
        # Shape: (num_tokens, batch_size, 1)
        weight = layout.by_length(weight.double().unsqueeze(1) * layout.mask).t().unsqueeze(2)
        nodes = self.marginals * weight
        # p(x, y) = through[t, x] moves[x, y] p(y) / before[t+1, y]
        edges = self._sum_of_products(self.through[:-1, 0], (nodes / self._divisor[:, 0])[1:])
        return (
            layout.steps_to_tokens(nodes),
            edges * self.moves[0],
            nodes[0].sum(dim=0),
            layout.select_last(nodes).sum(dim=0),
        )

    @cached_property
    def expected_transitions(self) -> Tensor:
        """Shape (batch_size, num_tags, num_tags), of each sentence alone."""
        onwards = self.marginals / self._divisor[:, 0]
        onwards = onwards * self.layout.by_length(self.layout.mask).t().unsqueeze(2)
        products = _product_by_sentence(self.through[:-1, 0], onwards[1:])
        return self.layout.in_order(products) * self.moves[0]

    def gradients(self, steps: Tensor) -> Tuple[Tensor, ...]:
        """
        From gradients by log before, shape (num_tokens, 2, batch_size, num_tags), 0 on padding, to those by scores.

        They run through the recursion backwards, d log before[t+1, y] / d log through[t, x] being
        through[t, x] moves[x, y] / before[t+1, y]. `steps` is used up.
        """
        layout = self.layout
        # Gradients by log through are gradients by emissions.
        emitted = torch.zeros_like(steps)
        moves = self._moves_in_order.transpose(-2, -1)
        every = list(zip(steps, emitted, self._divisor))[: len(layout.running)]
        ahead = zip(layout.cut_both(emitted, 1), layout.cut_both(self.through, 1), steps[1:])
        every[-1][0].div_(every[-1][2])
        for (here, by_emission, before), (gradient, through, following) in zip(
            reversed(every[:-1]), reversed([*ahead])
        ):
            _move(following, moves, gradient)
            gradient.mul_(through)
            here.add_(by_emission).div_(before)

        products = [
            self._sum_of_products(self.through[:-1, way], steps[1:, way]) * self.moves[way]
            for way in (0, 1)
        ]
        from_start, from_end = layout.to_tokens(emitted)
        # Shape: (2, num_tags)
        ends = (self.before[0] * steps[0]).sum(dim=1)
        return (
            from_start + from_end,
            products[0] + products[1].transpose(-2, -1),
            ends[0],
            ends[1],
        )

    def _sum_of_products(self, left: Tensor, right: Tensor) -> Tensor:
        """
        The sum of left[t, x] right[t, y] over all tokens; of each sentence alone if each has its own transitions.

        Shapes: both (num_tokens - 1, batch_size, num_tags), sentences by falling length; of the result as transitions.
        """
        if self.moves.dim() == 3:
            return left.flatten(0, 1).t() @ right.flatten(0, 1)
        return self.layout.in_order(_product_by_sentence(left, right))


def _product_by_sentence(left: Tensor, right: Tensor) -> Tensor:
    """From shapes (num_tokens - 1, batch_size, num_tags) the sum over tokens, (batch_size, num_tags, num_tags)."""
    return left.permute(1, 2, 0) @ right.transpose(0, 1)


def _move(through: Tensor, moves: Tensor, out: Tensor) -> None:
    """
    One step: `out`, shape (2, running, num_tags), becomes `through` @ `moves`; sentences that end are left out.

    Shapes of `through`: (2, running or more, num_tags); of `moves`: as in `ScaledRun`, sentences by falling length.
    """
    running = out.size(1)
    if through.size(1) > running:
        through = through[:, :running]
    if moves.dim() == 3:
        torch.bmm(through, moves, out=out)
    else:
        torch.matmul(through.unsqueeze(2), moves[:, :running], out=out.unsqueeze(2))
