"""Encoders of sentences as nodes of a graph."""

from typing import Any, Callable, Dict, Type

from allennlp.common.checks import ConfigurationError
from allennlp.modules.seq2seq_encoders import (
    ComposeEncoder,
    FeedForwardEncoder,
    LstmSeq2SeqEncoder,
    PassThroughEncoder,
    PytorchTransformer,
)

from skd_plugin.modules import PaddedLstm
from skd_plugin.serving import layers
from skd_plugin.serving.graph import Graph
from skd_plugin.serving.recurrence import directions, lstm
from skd_plugin.serving.transformer import transformer

Write = Callable[[Graph, Any, str, str], str]


def encoder(graph: Graph, module: Any, inputs: str, mask: str) -> str:
    """
    Shapes: `inputs` (batch_size, num_tokens, input_dim), `mask` (batch_size, num_tokens), what is returned
    (batch_size, num_tokens, output_dim).
    """
    write = ENCODERS.get(type(module))
    if write is None:
        raise layers.refuse(module, "encoder", ENCODERS)
    return write(graph, module, inputs, mask)


def _padded_lstm(graph: Graph, module: PaddedLstm, inputs: str, mask: str) -> str:
    both = zip(module.forward_layers, module.backward_layers)
    weights = [[directions(one)[0] for one in layer] for layer in both]
    return lstm(graph, weights, inputs, layers.lengths(graph, mask))


def _lstm(graph: Graph, module: LstmSeq2SeqEncoder, inputs: str, mask: str) -> str:
    if module.stateful:
        raise ConfigurationError("export: cannot export a stateful lstm; expected one that is not")
    wrapped: Any = module._module
    weights = [directions(wrapped, layer) for layer in range(wrapped.num_layers)]
    return lstm(graph, weights, inputs, layers.lengths(graph, mask))


def _compose(graph: Graph, module: ComposeEncoder, inputs: str, mask: str) -> str:
    for one in module.encoders:
        inputs = encoder(graph, one, inputs, mask)
    return inputs


def _feedforward(graph: Graph, module: FeedForwardEncoder, inputs: str, mask: str) -> str:
    return layers.masked(graph, layers.feedforward(graph, module._feedforward, inputs), mask)


ENCODERS: Dict[Type[Any], Write] = {
    ComposeEncoder: _compose,
    FeedForwardEncoder: _feedforward,
    LstmSeq2SeqEncoder: _lstm,
    PaddedLstm: _padded_lstm,
    PassThroughEncoder: lambda graph, _, inputs, mask: layers.masked(graph, inputs, mask),
    PytorchTransformer: transformer,
}
