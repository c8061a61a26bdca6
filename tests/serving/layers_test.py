"""Layers in a graph, beside those of torch."""

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.seq2seq_encoders import LstmSeq2SeqEncoder, PytorchTransformer
from allennlp.modules.token_embedders import Embedding

from skd_plugin.serving import layers
from skd_plugin.serving.embedders import EMBEDDERS
from skd_plugin.serving.encoders import encoder
from skd_plugin.serving.graph import Graph

runtime = pytest.importorskip("onnxruntime")


def computed(write, inputs, mask=None):
    """What a graph makes of inputs, shape (batch_size, num_tokens, dim)."""
    graph = Graph()
    names = [graph.input("inputs", np.float32, ["batch_size", "num_tokens", inputs.size(2)])]
    feed = {"inputs": inputs.numpy()}
    if mask is not None:
        names.append(graph.input("mask", np.bool_, ["batch_size", "num_tokens"]))
        feed["mask"] = mask.numpy()
    graph.output("outputs", write(graph, *names), np.float32, ["batch_size", "num_tokens", "dim"])
    model = graph.model().SerializeToString()
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return torch.tensor(session.run(None, feed)[0])


MODULES = [kind() for kind in layers.ACTIVATIONS]


@pytest.mark.parametrize("module", [*MODULES, torch.nn.LeakyReLU(0.3), torch.nn.ELU(0.5)], ids=str)
def test_activations(module):
    inputs = 4 * torch.randn(3, 5, 7)
    found = computed(lambda graph, name: layers.activation(graph, module, name), inputs)
    torch.testing.assert_close(found, module(inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_lstm(bias, bidirectional):
    torch.manual_seed(0)
    module = LstmSeq2SeqEncoder(4, 3, num_layers=2, bias=bias, bidirectional=bidirectional)
    inputs, mask = torch.randn(3, 5, 4), torch.arange(5) < torch.tensor([[2], [5], [1]])
    found = computed(lambda graph, *names: encoder(graph, module, *names), inputs, mask)
    torch.testing.assert_close(found, module(inputs, mask).detach())


@pytest.mark.parametrize("dim", [6, 7])
def test_positions_of_a_transformer(dim):
    torch.manual_seed(0)
    module = PytorchTransformer(
        dim, 1, 8, num_attention_heads=1, positional_encoding="sinusoidal"
    ).eval()
    inputs, mask = torch.randn(2, 9, dim), torch.arange(9) < torch.tensor([[4], [9]])
    found = computed(lambda graph, *names: encoder(graph, module, *names), inputs, mask)
    torch.testing.assert_close(found[mask], module(inputs, mask).detach()[mask])


def test_what_is_refused():
    graph, stateful = Graph(), LstmSeq2SeqEncoder(4, 3, stateful=True)
    with pytest.raises(ConfigurationError, match="cannot export a stateful lstm; expected one"):
        encoder(graph, stateful, "inputs", "mask")
    normed = Embedding(4, num_embeddings=5, max_norm=1.0)
    with pytest.raises(ConfigurationError, match="an embedding with a max_norm; expected one"):
        EMBEDDERS[Embedding](graph, normed, "ids")
