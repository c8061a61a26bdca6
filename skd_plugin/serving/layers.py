"""Layers as nodes of a graph: each computes in ONNX what its module does in torch, in evaluation."""

import math
from typing import Any, Callable, Dict, Iterable, List, Type

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules import FeedForward
from allennlp.nn.activations import GeluFast, GeluNew, LinearActivation, SwishActivation

from skd_plugin.serving.graph import INT64, Graph


def refuse(module: Any, kind: str, known: Iterable[Any]) -> ConfigurationError:
    """What to raise for a module that cannot be exported."""
    names = ", ".join(sorted(one.__name__ for one in known))
    return ConfigurationError(
        f"export: cannot export the {kind} {type(module).__name__}; expected one of {names}"
    )


def linear(graph: Graph, module: Any, inputs: str) -> str:
    """From shape (..., in_features) to (..., out_features), by a `torch.nn.Linear`."""
    return affine(graph, module.weight, module.bias, inputs)


def affine(graph: Graph, weight: Any, bias: Any, inputs: str) -> str:
    """As `linear`; shapes: `weight` (out_features, in_features), `bias` (out_features,) or `None`."""
    outputs = graph.op("MatMul", inputs, graph.constant(weight.t()))
    return outputs if bias is None else graph.op("Add", outputs, graph.constant(bias))


def feedforward(graph: Graph, module: FeedForward, inputs: str) -> str:
    """As `linear`."""
    for layer, activate in zip(module._linear_layers, module._activations):
        inputs = activation(graph, activate, linear(graph, layer, inputs))
    return inputs


def activation(graph: Graph, module: Any, inputs: str) -> str:
    """Element by element."""
    write = ACTIVATIONS.get(type(module))
    if write is None:
        raise refuse(module, "activation", ACTIVATIONS)
    return write(graph, module, inputs)


def layer_norm(graph: Graph, module: torch.nn.LayerNorm, inputs: str) -> str:
    """Over the last dimension."""
    weight, bias = graph.constant(module.weight), graph.constant(module.bias)
    return graph.op("LayerNormalization", inputs, weight, bias, epsilon=module.eps)


def gelu(graph: Graph, inputs: str) -> str:
    """x * Phi(x) = x / 2 * (1 + erf(x / sqrt(2))), in the order in which onnxruntime knows it as one operator."""
    scaled = graph.op("Div", inputs, graph.constant(math.sqrt(2)))
    grown = graph.op("Add", graph.op("Erf", scaled), graph.constant(1.0))
    return graph.op("Mul", graph.op("Mul", inputs, grown), graph.constant(0.5))


def lengths(graph: Graph, mask: str) -> str:
    """Shape (batch_size,), int64: how many are true of each row of a mask, shape (batch_size, num_tokens)."""
    numbers = graph.op("Cast", mask, to=INT64)
    return graph.op("ReduceSum", numbers, graph.constant([1]), keepdims=0)


def masked(graph: Graph, values: str, mask: str) -> str:
    """Values, shape (batch_size, num_tokens, dim), 0 where the mask, shape (batch_size, num_tokens), is false."""
    kept = graph.op("Unsqueeze", mask, graph.constant([2]))
    return graph.op("Where", kept, values, graph.constant(0.0))


def size(graph: Graph, values: str, dim: int) -> str:
    """Of a dimension; shape (1,), int64."""
    return graph.op("Shape", values, start=dim, end=dim + 1)


def positions(graph: Graph, mask: str) -> str:
    """0, 1, ... of shape (num_tokens,), int64, for a mask of shape (batch_size, num_tokens)."""
    number = graph.op("Squeeze", size(graph, mask, 1))
    return graph.op("Range", graph.constant(0), number, graph.constant(1))


def concatenated(graph: Graph, values: List[str]) -> str:
    """Along the last dimension."""
    return graph.op("Concat", *values, axis=-1) if len(values) > 1 else values[0]


def _simple(kind: str, **names: str) -> Callable[[Graph, Any, str], str]:
    """An operator of ONNX whose attributes are attributes of the module."""

    def write(graph: Graph, module: Any, inputs: str) -> str:
        return graph.op(kind, inputs, **{name: getattr(module, its) for name, its in names.items()})

    return write


def _tanh_gelu(graph: Graph, _: Any, inputs: str) -> str:
    cubic = graph.op("Mul", graph.op("Mul", inputs, inputs), graph.constant(0.044715))
    inner = graph.op("Mul", inputs, graph.op("Add", cubic, graph.constant(1.0)))
    bent = graph.op("Tanh", graph.op("Mul", inner, graph.constant(math.sqrt(2 / math.pi))))
    half = graph.op("Mul", inputs, graph.constant(0.5))
    return graph.op("Mul", half, graph.op("Add", bent, graph.constant(1.0)))


def _gelu(graph: Graph, module: Any, inputs: str) -> str:
    if getattr(module, "approximate", "none") == "tanh":
        return _tanh_gelu(graph, module, inputs)
    return gelu(graph, inputs)


def _swish(graph: Graph, _: Any, inputs: str) -> str:
    return graph.op("Mul", inputs, graph.op("Sigmoid", inputs))


ACTIVATIONS: Dict[Type[Any], Callable[[Graph, Any, str], str]] = {
    GeluFast: _tanh_gelu,
    GeluNew: _tanh_gelu,
    LinearActivation: lambda graph, _, inputs: inputs,
    SwishActivation: _swish,
    torch.nn.ELU: _simple("Elu", alpha="alpha"),
    torch.nn.GELU: _gelu,
    torch.nn.LeakyReLU: _simple("LeakyRelu", alpha="negative_slope"),
    torch.nn.ReLU: _simple("Relu"),
    torch.nn.Sigmoid: _simple("Sigmoid"),
    torch.nn.Softplus: _simple("Softplus"),
    torch.nn.Tanh: _simple("Tanh"),
}
