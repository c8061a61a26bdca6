"""The sums over all prefixes and suffixes, in the space of logarithms: safe for any scores."""

from functools import cached_property
from typing import Tuple

import torch
from torch import Tensor

from .layout import IMPOSSIBLE, Layout, Scores


class LogSpaceSums:
    """
    The recursion on logarithms, each step shifted to maximum 0: sums over many tokens would leave no digits to tell
    tags apart.

    # Parameters

    scores : `Scores`
    layout : `Layout`
    """

    def __init__(self, scores: Scores, layout: Layout) -> None:
        self._dtype = scores.emissions.dtype
        self._scores = Scores(*(tensor.double() for tensor in scores))
        self._layout = layout

    @cached_property
    def log_partition(self) -> Tensor:
        """Shape (batch_size,), in double precision."""
        before, after, shifts = self._run
        scores = before + self._scores.emissions + after
        last = self._layout.last.unsqueeze(1)
        at_last = scores.gather(1, last.unsqueeze(2).expand(-1, 1, scores.size(2)))
        return (
            at_last.logsumexp(dim=2).squeeze(1)
            + shifts[0].gather(1, last).squeeze(1)
            + shifts[1, :, 0]
        )

    @cached_property
    def log_marginals(self) -> Tensor:
        """Shape (batch_size, num_tokens, num_tags), 0 on padding."""
        before, after, _ = self._run
        log_marginals = torch.log_softmax(before + self._scores.emissions + after, dim=-1)
        mask = self._layout.mask.unsqueeze(2)
        log_marginals = log_marginals.clamp(min=IMPOSSIBLE).to(self._dtype)
        return torch.where(mask, log_marginals, log_marginals.new_zeros(()))

    @cached_property
    def before_and_after(self) -> Tuple[Tensor, Tensor]:
        """Both of shape (batch_size, num_tokens, num_tags)."""
        return self._run[0].to(self._dtype), self._run[1].to(self._dtype)

    @cached_property
    def _run(self) -> Tuple[Tensor, Tensor, Tensor]:
        """Before and after; and, shape (2, batch_size, num_tokens), by how much they were shifted so far."""
        emissions, transitions, start, end = self._scores
        layout = self._layout
        # Shape: (num_tokens, 2, batch_size, num_tags)
        emitted = layout.to_steps(emissions)
        moves = torch.stack([transitions, transitions.transpose(-2, -1)])
        moves = (
            moves.unsqueeze(1)
            if moves.dim() == 3
            else layout.by_length(moves.transpose(0, 1)).transpose(0, 1)
        )
        before, shift = _shift_to_zero(torch.stack([start, end]).unsqueeze(1))
        before, shift = before.expand_as(emitted[0]), shift.expand(emitted.shape[1:3])
        befores, shifts = [before], [shift]
        for here in emitted[:-1]:
            # Shape: (2, batch_size, from_tag, to_tag)
            moved = (before + here).unsqueeze(3) + moves
            before, more = _shift_to_zero(moved.logsumexp(dim=2))
            shift = shift + more
            befores.append(before)
            shifts.append(shift)
        steps = torch.stack(befores)
        mask = layout.mask.unsqueeze(2)
        zero = steps.new_zeros(())
        from_start, from_end = (torch.where(mask, way, zero) for way in layout.to_tokens(steps))
        return (
            from_start,
            from_end,
            layout.in_order(torch.stack(shifts, dim=2).transpose(0, 1)).transpose(0, 1),
        )


def _shift_to_zero(scores: Tensor) -> Tuple[Tensor, Tensor]:
    """Scores less their maximum over the last dimension, and that maximum, which counts as a constant."""
    maximum = scores.detach().amax(dim=-1)
    return scores - maximum.unsqueeze(-1), maximum
