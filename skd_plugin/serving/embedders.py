"""Embedders of words as nodes of a graph, and the inputs that they want."""

from typing import Any, Callable, Dict, Tuple, Type

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.seq2vec_encoders import CnnEncoder
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from allennlp.modules.token_embedders import Embedding, EmptyEmbedder, TokenCharactersEncoder

from skd_plugin.modules import DistinctCharactersEncoder, WordPiecesEmbedder
from skd_plugin.serving import layers
from skd_plugin.serving.graph import FLOAT, Graph

BATCH, TOKENS, PIECES = "batch_size", "num_tokens", "num_pieces"


def embedder(graph: Graph, module: Any) -> Tuple[str, str]:
    """
    The words of a batch as vectors; the graph gets an input for each token indexer, of its name.

    # Returns

    `Tuple[str, str]`: the vectors, shape (batch_size, num_tokens, dim), and the mask, shape (batch_size, num_tokens),
    bool.
    """
    if type(module) is not BasicTextFieldEmbedder:
        raise layers.refuse(module, "text field embedder", [BasicTextFieldEmbedder])
    vectors, inputs = [], []
    for key in module._ordered_embedder_keys:
        one = module._token_embedders[key]
        if isinstance(one, EmptyEmbedder):
            continue
        write = EMBEDDERS.get(type(one))
        if write is None:
            raise layers.refuse(one, "token embedder", EMBEDDERS)
        dims = [BATCH, TOKENS] + ([] if type(one) is Embedding else [f"{PIECES}_{key}"])
        inputs.append((len(dims), graph.input(key, np.int64, dims)))
        vectors.append(write(graph, one, key))
    return layers.concatenated(graph, vectors), _mask(graph, *min(inputs, key=lambda pair: pair[0]))


def _mask(graph: Graph, num_dims: int, ids: str) -> str:
    """Where there are words, as `allennlp.nn.util.get_text_field_mask` finds it."""
    if num_dims == 3:
        ids = graph.op("ReduceMax", ids, axes=[2], keepdims=0)
    return graph.op("Greater", ids, graph.constant(0))


def _embedding(graph: Graph, module: Embedding, ids: str) -> str:
    """Shape (..., dim) of ids, shape (...)."""
    if module.max_norm is not None:
        raise ConfigurationError(
            "export: cannot export an embedding with a max_norm; expected one without"
        )
    vectors = graph.op("Gather", graph.constant(module.weight), ids)
    if module._projection is None:
        return vectors
    return layers.linear(graph, module._projection, vectors)


def _word_pieces(graph: Graph, module: WordPiecesEmbedder, ids: str) -> str:
    """Shape (batch_size, num_tokens, dim) of the pieces, shape (batch_size, num_tokens, num_pieces)."""
    vectors = _embedding(graph, module.embedding, ids)
    is_piece = graph.op("Greater", ids, graph.constant(0))
    if bool(module.embedding.weight[0].any()):  # else padding adds nothing
        kept = graph.op("Unsqueeze", is_piece, graph.constant([3]))
        vectors = graph.op("Where", kept, vectors, graph.constant(0.0))
    numbers = graph.op("Cast", is_piece, to=FLOAT)
    number = graph.op("ReduceSum", numbers, graph.constant([2]), keepdims=1)
    number = graph.op("Max", number, graph.constant(1.0))
    total = graph.op("ReduceSum", vectors, graph.constant([2]), keepdims=0)
    return graph.op("Div", total, number)


def _characters(graph: Graph, module: TokenCharactersEncoder, ids: str) -> str:
    """Shape (batch_size, num_tokens, dim) of the characters, shape (batch_size, num_tokens, num_characters)."""
    encoder = module._encoder._module
    if type(encoder) is not CnnEncoder:
        raise layers.refuse(encoder, "encoder of characters", [CnnEncoder])
    # Shape: (batch_size * num_tokens, num_characters)
    words = graph.op(
        "Reshape", ids, graph.op("Concat", graph.constant([-1]), layers.size(graph, ids, 2), axis=0)
    )
    mask = graph.op("Greater", words, graph.constant(0))
    vectors = layers.masked(graph, _embedding(graph, module._embedding._module, words), mask)
    encoded = _cnn(graph, encoder, vectors, mask)
    per_sentence = graph.op("Shape", ids, start=0, end=2)
    dims = graph.op("Concat", per_sentence, graph.constant([-1]), axis=0)
    return graph.op("Reshape", encoded, dims)


def _cnn(graph: Graph, module: CnnEncoder, vectors: str, mask: str) -> str:
    """Shape (num_words, dim) of `vectors`, shape (num_words, num_characters, embedding_dim)."""
    columns = graph.op("Transpose", vectors, perm=[0, 2, 1])
    # Shape: (num_words, 1)
    lengths = graph.op("Unsqueeze", layers.lengths(graph, mask), graph.constant([1]))
    pooled = []
    for layer in module._convolution_layers:
        found = graph.op("Conv", columns, graph.constant(layer.weight), graph.constant(layer.bias))
        found = layers.activation(graph, module._activation, found)
        pooled.append(_pooled(graph, found, layer.kernel_size[0], lengths))
    features = layers.concatenated(graph, pooled)
    if module.projection_layer is None:
        return features
    return layers.linear(graph, module.projection_layer, features)


def _pooled(graph: Graph, found: str, width: int, lengths: str) -> str:
    """
    The best of all windows inside a word, 0 for a word without any.

    Shapes: `found` (num_words, num_filters, num_windows), `lengths` (num_words, 1), what is returned (num_words,
    num_filters).
    """
    number = graph.op("Squeeze", layers.size(graph, found, 2))
    starts = graph.op("Range", graph.constant(0), number, graph.constant(1))
    ends = graph.op("Add", starts, graph.constant(width))
    inside = graph.op("LessOrEqual", ends, lengths)
    lowest = graph.constant(float(torch.finfo(torch.float32).min))
    inside = graph.op("Unsqueeze", inside, graph.constant([1]))
    best = graph.op("ReduceMax", graph.op("Where", inside, found, lowest), axes=[2], keepdims=0)
    nothing = graph.op("LessOrEqual", best, lowest)
    return graph.op("Where", nothing, graph.constant(0.0), best)


EMBEDDERS: Dict[Type[Any], Callable[[Graph, Any, str], str]] = {
    DistinctCharactersEncoder: _characters,
    Embedding: _embedding,
    TokenCharactersEncoder: _characters,
    WordPiecesEmbedder: _word_pieces,
}
