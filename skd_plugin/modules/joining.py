"""Two sentences as one."""

import torch
from torch import Tensor


class Joining:
    """
    Puts the second sentences of a batch behind the first ones, without padding between them.

    # Parameters

    first_mask, second_mask : `Tensor`
        Shapes (batch_size, num_first) and (batch_size, num_second), bool.
    """

    def __init__(self, first_mask: Tensor, second_mask: Tensor) -> None:
        mask = torch.cat([first_mask, second_mask], dim=1)
        longest = int(mask.sum(dim=1).max())
        # Words first, padding behind them, each in its order. Shape: (batch_size, num_tokens)
        self._order = torch.sort((~mask).long(), dim=1, stable=True)[1][:, :longest]
        self.mask = self(first_mask, second_mask)

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Of any values of words: first, shape (batch_size, num_first, ...), and second ones."""
        both = torch.cat([first, second], dim=1)
        index = self._order.view(*self._order.shape, *[1] * (both.dim() - 2))
        return both.gather(1, index.expand(*self._order.shape, *both.shape[2:]))
