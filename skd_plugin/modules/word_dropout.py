"""Dropout of whole words."""

import torch
from torch import Tensor


class WordDropout(torch.nn.Module):
    """
    Drops the embedding of a word as a whole, in training; without rescaling (as Akbik et al., 2018, do in Flair).

    # Parameters

    p : `float`
        The probability with which a word is dropped, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p: expected 0 <= p < 1, got {p}")
        self.p = p

    def forward(self, embedded: Tensor) -> Tensor:
        """Of shape (batch_size, num_tokens, dim), to the same."""
        if not self.training or self.p == 0:
            return embedded
        kept = torch.rand(embedded.shape[:2], device=embedded.device) >= self.p
        return embedded * kept.unsqueeze(2)
