"""How a batch of chains is laid out for computing."""

from typing import List, NamedTuple

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


class Layout(NamedTuple):
    """
    Where the tokens of a padded batch stand in the order of computation: step by step, both directions side by side,
    and the longest sentence first, so that the sentences which are still running are a prefix of every step.

    # Parameters

    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    last : `Tensor`
        Shape (batch_size,), the last token of each sentence.
    running : `List[int]`
        Shape (num_tokens,), how many sentences have a token at each step.
    order : `Tensor`
        Shape (batch_size,), the sentences by falling length.
    steps : `Tensor`
        Shape (num_tokens, 2, batch_size): which of the (batch_size * num_tokens) tokens stands at each place.
    from_start, from_end : `Tensor`
        Shape (batch_size, num_tokens): which of the (num_tokens * 2 * batch_size) places each token has, either way.
    """

    mask: Tensor
    last: Tensor
    running: List[int]
    order: Tensor
    steps: Tensor
    from_start: Tensor
    from_end: Tensor

    @classmethod
    def of(cls, mask: Tensor) -> "Layout":
        """The layout of a batch whose mask, shape (batch_size, num_tokens), has non-empty prefixes."""
        batch_size, num_tokens = mask.shape
        last = mask.sum(dim=1) - 1
        order = last.sort(descending=True, stable=True)[1]
        rank = order.argsort().unsqueeze(1)
        step = torch.arange(num_tokens, device=mask.device)
        # Shape: (batch_size, num_tokens), the token at each step from the end; padding stays where it is
        reverse = torch.where(mask, last.unsqueeze(1) - step, step)
        # Shape: (2, batch_size, num_tokens)
        tokens = torch.stack([step.expand_as(reverse), reverse])[:, order]
        return cls(
            mask=mask,
            last=last,
            running=mask.sum(dim=0).tolist(),
            order=order,
            steps=(tokens + (order * num_tokens).unsqueeze(1)).permute(2, 0, 1),
            from_start=2 * batch_size * step + rank,
            from_end=2 * batch_size * reverse + batch_size + rank,
        )

    def to_steps(self, values: Tensor) -> Tensor:
        """From shape (batch_size, num_tokens, size) to (num_tokens, 2, batch_size, size)."""
        steps = values.flatten(0, 1).index_select(0, self.steps.flatten())
        return steps.view(*self.steps.shape, -1)

    def to_tokens(self, steps: Tensor, places: Tensor) -> Tensor:
        """And back, reading `from_start` or `from_end`."""
        values = steps.flatten(0, 2).index_select(0, places.flatten())
        return values.view(*self.mask.shape, -1)

    def cut(self, steps: Tensor) -> List[Tensor]:
        """The steps of shape (num_tokens, batch_size, ...), each cut to the sentences that are still running."""
        return [step[:running] for step, running in zip(steps.unbind(0), self.running)]

    def at_last(self, values: Tensor) -> Tensor:
        """From shape (batch_size, size), by falling length, to (num_tokens, batch_size, size): 0 but at last tokens."""
        steps = values.new_zeros((self.mask.size(1), *values.shape))
        steps[self.last[self.order], torch.arange(len(values), device=values.device)] = values
        return steps

    def in_order(self, values: Tensor) -> Tensor:
        """Sentences by falling length, shape (batch_size, ...), in the order of the batch."""
        return values[self.order.argsort()]


def running_steps(steps: Tensor, running: List[int]) -> List[Tensor]:
    """The steps of shape (num_tokens, 2, batch_size, num_tags), each cut to the sentences that are still running."""
    batch_size = steps.size(2)
    return [
        step if number == batch_size else step[:, :number]
        for step, number in zip(steps.unbind(0), running)
    ]
