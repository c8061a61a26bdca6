"""One vector for some words."""

from torch import Tensor


def mean_state(states: Tensor, mask: Tensor) -> Tensor:
    """
    The mean over some words, shape (batch_size, dim).

    Shapes: (batch_size, num_tokens, dim), (batch_size, num_tokens).
    """
    states = states.masked_fill(~mask.unsqueeze(2), 0.0)
    return states.sum(dim=1) / mask.sum(dim=1, keepdim=True)
