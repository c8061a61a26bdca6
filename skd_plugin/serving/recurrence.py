"""LSTMs as nodes of a graph."""

from typing import Any, List, NamedTuple, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.serving.graph import INT32, Graph


class Direction(NamedTuple):
    """
    The weights of one layer in one direction, as torch has them: gates i, f, g, o below one another.

    # Parameters

    inputs : `Tensor`
        Shape (4 * hidden_size, input_size).
    hidden : `Tensor`
        Shape (4 * hidden_size, hidden_size).
    input_bias, hidden_bias : `Tensor`, optional
        Shape (4 * hidden_size,).
    """

    inputs: Tensor
    hidden: Tensor
    input_bias: Optional[Tensor]
    hidden_bias: Optional[Tensor]


def directions(module: Any, layer: int = 0) -> List[Direction]:
    """Of a layer of a `torch.nn.LSTM`: from the start and, if it has both, from the end."""
    if module.proj_size:
        raise ConfigurationError(
            "export: cannot export an LSTM with a proj_size; expected one without"
        )
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    suffixes = ("", "_reverse") if module.bidirectional else ("",)
    return [
        Direction(*[getattr(module, f"{name}_l{layer}{suffix}", None) for name in names])  # type: ignore[arg-type]
        for suffix in suffixes
    ]


def lstm(graph: Graph, layers: Sequence[Sequence[Direction]], inputs: str, lengths: str) -> str:
    """
    # Parameters

    layers : `Sequence[Sequence[Direction]]`
        One or two directions of each.
    inputs : `str`
        Shape (batch_size, num_tokens, input_size).
    lengths : `str`
        Shape (batch_size,), int64, at least 1.

    # Returns

    `str`: shape (batch_size, num_tokens, num_directions * hidden_size), 0 where there is no token.
    """
    lengths = graph.op("Cast", lengths, to=INT32)
    values = graph.op("Transpose", inputs, perm=[1, 0, 2])
    for layer in layers:
        # Shape: (num_tokens, num_directions, batch_size, hidden_size)
        outputs = _layer(graph, layer, values, lengths)
        outputs = graph.op("Transpose", outputs, perm=[0, 2, 1, 3])
        values = graph.op("Reshape", outputs, graph.constant([0, 0, -1]))
    return graph.op("Transpose", values, perm=[1, 0, 2])


def _layer(graph: Graph, layer: Sequence[Direction], inputs: str, lengths: str) -> str:
    hidden_size = layer[0].hidden.size(1)
    weights = [
        torch.stack([_reordered(one) for one in parts])
        for parts in (
            [direction.inputs for direction in layer],
            [direction.hidden for direction in layer],
            [_bias(direction) for direction in layer],
        )
    ]
    return graph.op(
        "LSTM",
        inputs,
        *map(graph.constant, weights),
        lengths,
        hidden_size=hidden_size,
        direction="bidirectional" if len(layer) == 2 else "forward",
    )


def _bias(direction: Direction) -> Tensor:
    """Shape (8 * hidden_size,)."""
    none = direction.hidden.new_zeros(len(direction.hidden))
    both = (direction.input_bias, direction.hidden_bias)
    return torch.cat([none if bias is None else bias for bias in both])


def _reordered(weights: Any) -> Tensor:
    """Gates i, f, g, o (of a bias, twice) in the order of ONNX: i, o, f, g."""
    times = 2 if weights.dim() == 1 else 1
    gates = weights.detach().chunk(4 * times)
    return torch.cat([gates[4 * time + gate] for time in range(times) for gate in (0, 3, 1, 2)])
