"""AllenNLP's transformer as nodes of a graph."""

import math
from typing import Any

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.seq2seq_encoders import PytorchTransformer

from skd_plugin.serving import layers
from skd_plugin.serving.graph import FLOAT, Graph


def transformer(graph: Graph, module: PytorchTransformer, inputs: str, mask: str) -> str:
    """Shapes: `inputs` and what is returned (batch_size, num_tokens, dim), `mask` (batch_size, num_tokens)."""
    values = inputs
    if module._sinusoidal_positional_encoding:
        values = graph.op("Add", values, _sinusoids(graph, module.get_input_dim(), mask))
    if module._positional_embedding is not None:
        table = graph.constant(module._positional_embedding.weight)
        values = graph.op("Add", values, graph.op("Gather", table, layers.positions(graph, mask)))
    # Shape: (batch_size, 1, 1, num_tokens)
    seen = graph.op("Unsqueeze", mask, graph.constant([1, 2]))
    for layer in module._transformer.layers:
        values = _layer(graph, layer, values, seen)
    return values


def _layer(graph: Graph, layer: Any, inputs: str, seen: str) -> str:
    if layer.norm_first:
        raise ConfigurationError(
            "export: cannot export a pytorch_transformer that normalises first; expected norm_first to be false"
        )
    attended = graph.op("Add", inputs, _attention(graph, layer.self_attn, inputs, seen))
    values = layers.layer_norm(graph, layer.norm1, attended)
    hidden = layers.linear(graph, layer.linear1, values)
    if layer.activation is torch.nn.functional.gelu:
        hidden = layers.gelu(graph, hidden)
    else:
        hidden = graph.op("Relu", hidden)
    output = graph.op("Add", values, layers.linear(graph, layer.linear2, hidden))
    return layers.layer_norm(graph, layer.norm2, output)


def _attention(graph: Graph, module: torch.nn.MultiheadAttention, inputs: str, seen: str) -> str:
    """Shape (batch_size, num_tokens, dim), like the inputs."""
    weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    split = graph.constant([0, 0, module.num_heads, module.head_dim])
    # Shapes: (batch_size, num_heads, num_tokens, head_dim), but of the keys their last two dimensions the other way
    queries, keys, values = (
        graph.op("Transpose", graph.op("Reshape", part, split), perm=order)
        for part, order in zip(
            [layers.affine(graph, *both, inputs) for both in zip(weights, biases)],
            ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]),
        )
    )
    scale = graph.constant(math.sqrt(module.head_dim))
    scores = graph.op("Div", graph.op("MatMul", queries, keys), scale)
    scores = graph.op("Where", seen, scores, graph.constant(-1e30))
    attended = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), values)
    joined = graph.op("Transpose", attended, perm=[0, 2, 1, 3])
    joined = graph.op("Reshape", joined, graph.constant([0, 0, -1]))
    return layers.linear(graph, module.out_proj, joined)


def _sinusoids(graph: Graph, dim: int, mask: str) -> str:
    """Shape (num_tokens, dim), as `allennlp.nn.util.add_positional_features` has it."""
    number = dim // 2
    steps = math.log(1e4) / (number - 1)
    frequencies = torch.exp(torch.arange(number).float() * -steps)
    times = graph.op("Cast", layers.positions(graph, mask), to=FLOAT)
    times = graph.op("Unsqueeze", times, graph.constant([1]))
    angles = graph.op("Mul", times, graph.constant(frequencies))
    parts = [graph.op("Sin", angles), graph.op("Cos", angles)]
    if dim % 2:
        parts.append(graph.op("Mul", times, graph.constant(0.0)))
    return layers.concatenated(graph, parts)
