"""The sums over all prefixes and suffixes where tags are independent: nothing to compute."""

from functools import cached_property
from typing import Tuple

import torch
from torch import Tensor

from .layout import IMPOSSIBLE


class TokenSums:
    """
    What `ScaledSums` computes, for chains without transitions: all ways to a tag are as good as those to another.

    # Parameters

    emissions : `Tensor`
        Shape (batch_size, num_tokens, num_tags); 0 on padding.
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    """

    def __init__(self, emissions: Tensor, mask: Tensor) -> None:
        self._emissions = emissions
        self._mask = mask

    @cached_property
    def log_partition(self) -> Tensor:
        """Shape (batch_size,), in double precision."""
        return (torch.logsumexp(self._emissions.double(), dim=2) * self._mask).sum(dim=1)

    @cached_property
    def log_marginals(self) -> Tensor:
        """Shape (batch_size, num_tokens, num_tags), 0 on padding."""
        log_marginals = torch.log_softmax(self._emissions, dim=-1).clamp(min=IMPOSSIBLE)
        return log_marginals * self._mask.unsqueeze(2)

    @property
    def before_and_after(self) -> Tuple[Tensor, Tensor]:
        """Both of shape (batch_size, num_tokens, num_tags)."""
        zeros = torch.zeros_like(self._emissions)
        return zeros, zeros
