"""How a batch of chains is laid out for computing."""

from functools import cached_property
from typing import List, NamedTuple, Tuple

import torch
from torch import Tensor

# Stands for minus infinity inside the dynamic programs: it survives additions over thousands of tokens, and unlike
# -inf it gives no NaN in a gradient.  A path exists if its score stays above half of it.
IMPOSSIBLE = -1e30


class Scores(NamedTuple):
    """
    The scores of a batch of chains, finite: `IMPOSSIBLE` forbids.

    # Parameters

    emissions : `Tensor`
        Shape (batch_size, num_tokens, num_tags), float or double, 0 on padding.
    transitions : `Tensor`
        Shape (num_tags, num_tags) or (batch_size, num_tags, num_tags), from tag to tag.
    start, end : `Tensor`
        Shape (num_tags,).
    """

    emissions: Tensor
    transitions: Tensor
    start: Tensor
    end: Tensor


class Layout:
    """
    Where the tokens of a padded batch stand in the order of computation: step by step, both directions side by side,
    and the longest sentence first, so that the sentences which are still running are a prefix of every step.

    # Parameters

    mask : `Tensor`
        Shape (batch_size, num_tokens), bool: a non-empty prefix of every row.
    """

    def __init__(self, mask: Tensor) -> None:
        batch_size, num_tokens = mask.shape
        self.mask = mask
        # Shape: (batch_size,), the last token of each sentence
        self.last = mask.sum(dim=1) - 1
        last = self.last.tolist()
        # Batches without padding, and batches in order, are spared what would do nothing.
        self._full = min(last) == num_tokens - 1
        self._sorted = all(one >= next_one for one, next_one in zip(last, last[1:]))
        # How many sentences have a token at each step; steps that none has are left out
        self.running: List[int] = [batch_size] * num_tokens
        if not self._full:
            self.running = [running for running in mask.sum(dim=0).tolist() if running]

    @cached_property
    def order(self) -> Tensor:
        """Shape (batch_size,), the sentences by falling length."""
        return self.last.sort(descending=True, stable=True)[1]

    @cached_property
    def rank(self) -> Tensor:
        """Shape (batch_size,), the place of each sentence by falling length."""
        return self.order.argsort()

    def by_length(self, values: Tensor) -> Tensor:
        """Sentences in the order of the batch, shape (batch_size, ...), by falling length."""
        return values if self._sorted else values[self.order]

    def in_order(self, values: Tensor) -> Tensor:
        """And back."""
        return values if self._sorted else values[self.rank]

    @cached_property
    def _tokens(self) -> Tensor:
        """Shape (2, batch_size, num_tokens): the token at each step, either way; padding stays where it is."""
        step = torch.arange(self.mask.size(1), device=self.mask.device).expand_as(self.mask)
        return torch.stack([step, torch.where(self.mask, self.last.unsqueeze(1) - step, step)])

    @cached_property
    def _places(self) -> Tensor:
        """Shape (2, batch_size, num_tokens): the place of each token in (num_tokens * 2 * batch_size), either way."""
        batch_size = len(self.order)
        ways = torch.arange(2, device=self.mask.device).view(2, 1, 1)
        return (2 * self._tokens + ways) * batch_size + self.rank.unsqueeze(1)

    def to_steps(self, values: Tensor) -> Tensor:
        """From shape (batch_size, num_tokens, size) to (num_tokens, 2, batch_size, size)."""
        if self._full:
            return torch.stack([values, values.flip(1)]).permute(2, 0, 1, 3).contiguous()
        batch_size, num_tokens, size = values.shape
        # Shape: (num_tokens, 2, batch_size)
        index = (self._tokens[:, self.order] + (self.order * num_tokens).unsqueeze(1)).permute(
            2, 0, 1
        )
        steps = values.flatten(0, 1).index_select(0, index.flatten())
        return steps.view(num_tokens, 2, batch_size, size)

    def to_tokens(self, steps: Tensor) -> Tuple[Tensor, Tensor]:
        """And back: what stands at each token on the way from the start, and on that from the end."""
        if self._full:
            return steps[:, 0].transpose(0, 1), steps[:, 1].flip(0).transpose(0, 1)
        values = steps.flatten(0, 2)
        from_start, from_end = (values.index_select(0, way.flatten()) for way in self._places)
        return from_start.view(*self.mask.shape, -1), from_end.view(*self.mask.shape, -1)

    def reversed_steps(self, steps: Tensor) -> Tensor:
        """Of shape (num_tokens, 2, batch_size, size) the way from the end, at the steps of the way from the start."""
        if self._full:
            return steps[:, 1].flip(0)
        places = self._places[1, self.order].t()
        return steps.flatten(0, 2).index_select(0, places.flatten()).view(*places.shape, -1)

    def steps_to_tokens(self, steps: Tensor) -> Tensor:
        """From shape (num_tokens, batch_size, size), by falling length, to (batch_size, num_tokens, size)."""
        return self.in_order(steps.transpose(0, 1))

    def select_last(self, steps: Tensor) -> Tensor:
        """Of shape (num_tokens, batch_size, size), by falling length, the last tokens: (batch_size, size)."""
        if self._full:
            return steps[-1]
        return steps[self.by_length(self.last), torch.arange(steps.size(1), device=steps.device)]

    def cut(self, steps: Tensor) -> List[Tensor]:
        """The steps of shape (num_tokens, batch_size, ...), each cut to the sentences that are still running."""
        return [step[:running] for step, running in zip(steps.unbind(0), self.running)]

    def cut_both(self, steps: Tensor, ahead: int = 0) -> List[Tensor]:
        """
        The steps of shape (num_tokens, 2, batch_size, ...), each cut to the sentences that will be running `ahead`
        steps later, once these are fewer than half: cutting takes time, too.
        """
        half = steps.size(2) / 2
        return [
            step[:, :running] if running < half else step
            for step, running in zip(steps.unbind(0), self.running[ahead:])
        ]

    def at_last(self, values: Tensor) -> Tensor:
        """From shape (batch_size, size), by falling length, to (num_tokens, batch_size, size): 0 but at last tokens."""
        steps = values.new_zeros((self.mask.size(1), *values.shape))
        steps[self.by_length(self.last), torch.arange(len(values), device=values.device)] = values
        return steps
