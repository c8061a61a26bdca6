"""Sentence pairs of which some words are hidden."""

from typing import Callable, List, NamedTuple

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.losses.alignment import WordViews
from skd_plugin.modules.joining import Joining


class Side(NamedTuple):
    """
    One side of a batch of pairs.

    # Parameters

    embedded, states : `Tensor`
        Shapes (batch_size, num_tokens, embedding_dim) and (batch_size, num_tokens, encoder_dim).
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    pieces : `Tensor`
        Shape (batch_size, num_tokens, num_pieces): the pieces of each word, 0 behind them.
    """

    embedded: Tensor
    states: Tensor
    mask: Tensor
    pieces: Tensor


class HiddenWords(torch.nn.Module):
    """
    Sees pairs twice: as they are, and with a learnt vector in the place of some words.

    # Parameters

    embedding_dim : `int`
    hide : `float`, optional (default = `0.15`)
        The probability with which a word is hidden.
    hide_in : `str`, optional (default = `"pair"`)
        What is read where words are hidden: the "pair", one side behind the other, or each "side" by itself. Where they
        are not, each side is read by itself always, as it is for the embedding of the sentence in any case; so a pair
        teaches its sides.
    """

    def __init__(self, embedding_dim: int, hide: float = 0.15, hide_in: str = "pair") -> None:
        super().__init__()
        if not 0 < hide < 1:
            raise ConfigurationError(f"hide: expected more than 0 and less than 1, got {hide}")
        if hide_in not in ("pair", "side"):
            raise ConfigurationError(f'hide_in: expected "pair" or "side", got "{hide_in}"')
        self._hide = hide
        self._hide_in = hide_in
        self.vector = torch.nn.Parameter(torch.randn(embedding_dim))

    def forward(
        self, pivot: Side, other: Side, encode: Callable[[Tensor, Tensor], Tensor]
    ) -> WordViews:
        """
        Both views of a batch of pairs, by an encoder of shapes (batch_size, num_tokens, embedding_dim) and (batch_size,
        num_tokens), mask, to (batch_size, num_tokens, encoder_dim).
        """
        join = Joining(pivot.mask, other.mask)
        sides = (pivot, other)
        is_hidden = [self._draw(side.mask) for side in sides]
        embedded = [
            torch.where(where.unsqueeze(2), self.vector, side.embedded)
            for where, side in zip(is_hidden, sides)
        ]
        if self._hide_in == "pair":
            masked = encode(join(*embedded), join.mask)
        else:
            masked = join(*(encode(one, side.mask) for one, side in zip(embedded, sides)))
        return WordViews(
            masked=masked,
            whole=join(pivot.states, other.states),
            mask=join.mask,
            is_hidden=join(*is_hidden),
            targets=join(*_as_wide(pivot.pieces, other.pieces)),
        )

    def _draw(self, mask: Tensor) -> Tensor:
        """Which words are hidden, shape (batch_size, num_tokens)."""
        return (torch.rand(mask.shape, device=mask.device) < self._hide) & mask


def _as_wide(one: Tensor, other: Tensor) -> List[Tensor]:
    """Both with as many pieces a word; shapes (batch_size, num_tokens, num_pieces)."""
    width = max(one.size(2), other.size(2))
    return [torch.nn.functional.pad(pieces, (0, width - pieces.size(2))) for pieces in (one, other)]
