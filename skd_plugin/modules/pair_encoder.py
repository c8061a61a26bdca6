"""Two texts, read together."""

from typing import Callable, NamedTuple, Optional

import torch
from allennlp.common.checks import check_dimensions_match
from allennlp.data import TextFieldTensors
from allennlp.modules import Seq2SeqEncoder
from allennlp.nn import util
from torch import Tensor

from skd_plugin.modules.joining import Joining


class PairStates(NamedTuple):
    """
    The words of two texts, the second behind the first.

    # Parameters

    states : `Tensor`
        Shape (batch_size, num_tokens, dim).
    is_first, is_second : `Tensor`
        Shapes (batch_size, num_tokens), bool: of which text a word is, of neither if it is padding.
    """

    states: Tensor
    is_first: Tensor
    is_second: Tensor


class PairEncoder(torch.nn.Module):
    """
    Each text is read by itself, as an encoder of sentences has learnt to read, and then both together, one behind the
    other without padding between, by an encoder that is told by a learnt vector which of them a word is of.

    # Parameters

    input_dim : `int`
        Of the words of a text that is read by itself.
    encoder : `Seq2SeqEncoder`, optional (default = `None`)
        Without one, a word knows of its own text alone.
    dropout : `float`, optional (default = `0.0`)
        Before and after the encoder.
    """

    def __init__(
        self,
        input_dim: int,
        encoder: Optional[Seq2SeqEncoder] = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(dropout)
        self.output_dim = input_dim
        if encoder is not None:
            found = encoder.get_input_dim()
            check_dimensions_match(
                input_dim, found, "text field embedding dim", "encoder input dim"
            )
            self.output_dim = encoder.get_output_dim()
            self.sides = torch.nn.Embedding(2, input_dim)

    def forward(
        self,
        read: Callable[[TextFieldTensors], Tensor],
        first: TextFieldTensors,
        second: TextFieldTensors,
    ) -> PairStates:
        """By an embedder that reads either text, to shape (batch_size, num_tokens, input_dim)."""
        masks = util.get_text_field_mask(first), util.get_text_field_mask(second)
        join = Joining(*masks)
        states = self.dropout(join(read(first), read(second)))
        is_second = join(torch.zeros_like(masks[0]), masks[1])
        if self.encoder is not None:
            states = states + self.sides(is_second.long())
            states = self.dropout(self.encoder(states, join.mask))
        return PairStates(states, join.mask & ~is_second, is_second)
