"""Bidirectional LSTMs of padded sentences."""

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules import Seq2SeqEncoder
from torch import Tensor


@Seq2SeqEncoder.register("padded_lstm")
class PaddedLstm(Seq2SeqEncoder):
    """
    A bidirectional LSTM that computes what AllenNLP's `lstm` does, in less time on a CPU
    (benchmarks/training_steps.py).

    That one packs its sentences; the gradient of a packed sequence of T tokens adds up T matrices of the size of the
    whole batch, nearly all zeros. This one leaves the padding in, at the end of what it reads: backwards it reads each
    sentence reversed, and puts its outputs back in order.

    # Parameters

    input_size : `int`
    hidden_size : `int`
        Of each direction; the output has twice that.
    num_layers : `int`, optional (default = `1`)
    dropout : `float`, optional (default = `0.0`)
        Between layers.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ConfigurationError(f"num_layers: expected 1 or more, got {num_layers}")
        self._input_dim, self._output_dim = input_size, 2 * hidden_size
        sizes = [input_size] + (num_layers - 1) * [self._output_dim]
        self.forward_layers = torch.nn.ModuleList(_layer(size, hidden_size) for size in sizes)
        self.backward_layers = torch.nn.ModuleList(_layer(size, hidden_size) for size in sizes)
        self._dropout = torch.nn.Dropout(dropout)

    def get_input_dim(self) -> int:
        return self._input_dim

    def get_output_dim(self) -> int:
        return self._output_dim

    def is_bidirectional(self) -> bool:
        return True

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """
        # Parameters

        inputs : `Tensor`
            Shape (batch_size, num_tokens, input_size).
        mask : `Tensor`
            Shape (batch_size, num_tokens), bool; the tokens of a sentence come first.

        # Returns

        `Tensor` of shape (batch_size, num_tokens, 2 * hidden_size), 0 where there is no token.
        """
        mirrored = _mirrored(mask)
        outputs = inputs
        for number, layers in enumerate(zip(self.forward_layers, self.backward_layers)):
            if number:
                outputs = self._dropout(outputs)
            forward, backward = layers
            to_the_right, _ = forward(outputs)
            to_the_left, _ = backward(_taken(outputs, mirrored))
            outputs = torch.cat([to_the_right, _taken(to_the_left, mirrored)], dim=-1)
        return outputs * mask.unsqueeze(-1)


def _layer(input_size: int, hidden_size: int) -> torch.nn.LSTM:
    return torch.nn.LSTM(input_size, hidden_size, batch_first=True)


def _mirrored(mask: Tensor) -> Tensor:
    """Of each token the place that it has when its sentence is reversed and its padding stays; as the mask."""
    positions = torch.arange(mask.size(1), device=mask.device).expand_as(mask)
    lengths = mask.sum(dim=1, keepdim=True)
    return torch.where(mask, lengths - 1 - positions, positions)


def _taken(values: Tensor, places: Tensor) -> Tensor:
    """Shape (batch_size, num_tokens, dim): the values at the places, shape (batch_size, num_tokens)."""
    return values.gather(1, places.unsqueeze(-1).expand(-1, -1, values.size(-1)))
