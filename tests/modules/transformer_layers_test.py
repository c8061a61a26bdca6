"""Some layers of a transformer."""

import re

import pytest
import torch
from allennlp.common import cached_transformers
from allennlp.common.checks import ConfigurationError
from transformers import (
    AlbertConfig,
    AlbertModel,
    AutoModel,
    DistilBertConfig,
    DistilBertModel,
    T5Config,
    T5Model,
)

from skd_plugin.modules import TransformerLayersEmbedder
from skd_plugin.modules.transformer_layers import keep_layers


@pytest.fixture
def folder(three_layers):
    return str(three_layers)


def states(model, ids):
    return model(input_ids=ids, output_hidden_states=True).hidden_states


def test_the_first_layers_say_what_they_said(folder):
    ids = torch.randint(30, (2, 5))
    whole = AutoModel.from_pretrained(folder).eval()
    embedder = TransformerLayersEmbedder(folder, [1, 2]).eval()
    kept = embedder._matched_embedder.transformer_model
    assert torch.equal(states(kept, ids)[-1], states(whole, ids)[2])
    assert kept.config.num_hidden_layers == 2
    # A word of two pieces, and one of one.
    offsets = torch.tensor([[[1, 2], [3, 3]]] * 2)
    words = embedder(ids, torch.ones(2, 2).bool(), offsets, torch.ones(2, 5).bool())
    expected = states(whole, ids)[2]
    assert torch.allclose(words[:, 0], expected[:, 1:3].mean(1), atol=1e-6)
    assert torch.allclose(words[:, 1], expected[:, 3], atol=1e-6)


def test_every_other_layer(folder):
    whole = AutoModel.from_pretrained(folder)
    kept = TransformerLayersEmbedder(folder, [1, 3])._matched_embedder.transformer_model
    for layer, of_whole in zip(kept.encoder.layer, [0, 2]):
        weights = whole.encoder.layer[of_whole].state_dict()
        assert all(torch.equal(one, weights[name]) for name, one in layer.state_dict().items())


def test_the_teacher_keeps_its_layers(folder):
    """AllenNLP keeps loaded transformers by name."""
    TransformerLayersEmbedder(folder, [2])
    teacher = cached_transformers.get(folder, make_copy=False)
    assert len(teacher.encoder.layer) == teacher.config.num_hidden_layers == 3


def test_other_architectures():
    config = DistilBertConfig(dim=8, n_layers=2, n_heads=2, hidden_dim=8, vocab_size=30)
    model = DistilBertModel(config)
    ids = torch.randint(30, (1, 4))
    model.eval()
    expected = states(model, ids)[1]
    keep_layers(model, [1])
    assert torch.equal(states(model, ids)[-1], expected)
    assert model.config.n_layers == 1


def test_frozen(folder):
    embedder = TransformerLayersEmbedder(folder, [1], train_parameters=False)
    assert not any(weights.requires_grad for weights in embedder.parameters())


@pytest.mark.parametrize("layers", [[], [0], [4], [2, 1], [1, 1]])
def test_layers_that_are_not_there(folder, layers):
    message = re.escape(f"layers: expected ascending numbers from 1 to 3, got {layers}")
    with pytest.raises(ConfigurationError, match=message):
        TransformerLayersEmbedder(folder, layers)


def test_layers_that_are_not_found():
    shared = {"embedding_size": 8, "hidden_size": 8, "intermediate_size": 8}
    config = AlbertConfig(num_hidden_layers=3, num_attention_heads=2, vocab_size=30, **shared)
    with pytest.raises(ConfigurationError, match="one list of 3 layers, found 0 in AlbertModel"):
        keep_layers(AlbertModel(config), [1])
    config = T5Config(
        d_model=8, d_kv=4, d_ff=8, num_layers=3, num_decoder_layers=1, num_heads=2, vocab_size=30
    )
    with pytest.raises(ConfigurationError, match="an encoder, such as BERT, got the encoder-dec"):
        keep_layers(T5Model(config), [1])
