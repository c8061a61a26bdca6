"""What the tests of objectives share."""

from typing import Any

import torch
from torch import Tensor

from skd_plugin.losses.alignment import PairBatch, WordViews

NAN = float("nan")


def vectors(seed: int, *shape: int) -> Tensor:
    """Random numbers, the same for a seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def words(seed: int = 0, dim: int = 4, poison: float = NAN) -> WordViews:
    """Two pairs of five and three words, two and one of them hidden; what stands on padding is `poison`."""
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    is_hidden = torch.zeros(2, 5, dtype=torch.bool)
    is_hidden[0, 1] = is_hidden[0, 4] = is_hidden[1, 0] = True
    states = [
        vectors(seed + view, 2, 5, dim).masked_fill(~mask.unsqueeze(2), poison) for view in range(2)
    ]
    # The first hidden word has two pieces, the second one known and one unknown, the third none that is known.
    targets = torch.tensor([[[2, 0], [3, 4], [2, 0], [2, 0], [5, 1]], [[1, 0]] * 5])
    return WordViews(states[0], states[1], mask, is_hidden, targets)


def batch(**more: Any) -> PairBatch:
    """Some embeddings, which do not count where words are looked at."""
    return PairBatch(**{"pivot": vectors(8, 2, 3), "other": vectors(9, 2, 3), **more})
