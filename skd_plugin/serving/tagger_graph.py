"""A whole tagger as a graph."""

from typing import Any

import numpy as np
import torch
from allennlp.models import Model

from skd_plugin.models import DistilledCrfTagger, DistilledTagger
from skd_plugin.serving import layers
from skd_plugin.serving.decoding import best_paths
from skd_plugin.serving.embedders import BATCH, TOKENS, embedder
from skd_plugin.serving.encoders import encoder
from skd_plugin.serving.graph import Graph

MODELS = (DistilledCrfTagger, DistilledTagger)


def tagger_model(model: Model) -> Any:
    """
    # Parameters

    model : `Model`
        A `distilled_crf_tagger` or a `distilled_tagger`.

    # Returns

    `onnx.ModelProto` with an input for each token indexer, of its name: int64, shape (batch_size, num_tokens) or
    (batch_size, num_tokens, num_pieces), at least one token a sentence. Its outputs are `logits`, float32, shape
    (batch_size, num_tokens, num_tags); `tags`, int64, shape (batch_size, num_tokens), the best paths under the
    constraints of the model, 0 on padding; and their `scores`, float32, shape (batch_size,).

    # Raises

    `ConfigurationError` for a part that cannot be exported.
    """
    if not isinstance(model, DistilledTagger):
        raise layers.refuse(model, "model", MODELS)
    graph = Graph()
    vectors, mask = embedder(graph, model.text_field_embedder)
    encoded = encoder(graph, model.encoder, vectors, mask)
    if model._feedforward is not None:
        encoded = layers.feedforward(graph, model._feedforward, encoded)
    logits = layers.linear(graph, model.tag_projection_layer._module, encoded)
    with torch.no_grad():
        chain = model.chain(torch.zeros(1, 1, model.num_tags), torch.ones(1, 1).bool())
    tags, scores = best_paths(graph, chain, logits, mask)
    graph.output("logits", logits, np.float32, [BATCH, TOKENS, model.num_tags])
    graph.output("tags", tags, np.int64, [BATCH, TOKENS])
    graph.output("scores", scores, np.float32, [BATCH])
    return graph.model()
