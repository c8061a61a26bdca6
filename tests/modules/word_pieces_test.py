"""Vectors of pieces, reduced from those of a transformer."""

import re

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import load_archive
from transformers import AutoModel, AutoTokenizer

from skd_plugin.modules import WordPiecesEmbedder
from tests.runs import tagger_config, train


@pytest.fixture
def vocab(tiny_transformer):
    pieces = [piece for piece in AutoTokenizer.from_pretrained(str(tiny_transformer)).get_vocab()]
    vocab = Vocabulary()
    for piece in sorted(pieces)[5:45]:
        vocab.add_token_to_namespace(piece, "word_pieces")
    return vocab


def of_transformer(folder, vocab):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    pieces = vocab.get_index_to_token_vocabulary("word_pieces")
    ids = tokenizer.convert_tokens_to_ids([pieces[index] for index in range(2, len(pieces))])
    return model.get_input_embeddings().weight.detach()[[tokenizer.unk_token_id, *ids]]


def test_vectors_are_the_best_approximation(tiny_transformer, vocab):
    """Their products are those of the best approximation of that rank of the transformer's vectors."""
    whole = of_transformer(str(tiny_transformer), vocab)
    embedder = WordPiecesEmbedder(vocab, 6, pretrained_file=str(tiny_transformer), scale=None)
    reduced = embedder.embedding.weight.detach()
    assert reduced.shape == (vocab.get_vocab_size("word_pieces"), 6)
    assert not reduced[0].any()
    left, values, right = np.linalg.svd(whole.numpy())
    best = (left[:, :6] * values[:6]) @ right[:6]
    np.testing.assert_allclose(reduced[1:] @ reduced[1:].T, best @ best.T, atol=1e-5)


def test_as_many_features_lose_nothing(tiny_transformer, vocab):
    whole = of_transformer(str(tiny_transformer), vocab)
    embedder = WordPiecesEmbedder(
        vocab, whole.size(1), pretrained_file=str(tiny_transformer), scale=None
    )
    reduced = embedder.embedding.weight.detach()[1:]
    torch.testing.assert_close(reduced @ reduced.T, whole @ whole.T, rtol=0, atol=1e-5)


def test_scale(tiny_transformer, vocab):
    embedder = WordPiecesEmbedder(vocab, 6, pretrained_file=str(tiny_transformer), scale=0.5)
    assert float(embedder.embedding.weight.detach()[1:].std()) == pytest.approx(0.5, rel=0.01)


def test_a_word_is_the_mean_of_its_pieces(vocab):
    embedder = WordPiecesEmbedder(vocab, 4)
    words = torch.tensor([[[2, 3, 0], [5, 0, 0]], [[1, 1, 4], [0, 0, 0]]])
    weight = embedder.embedding.weight
    expected = [
        [(weight[2] + weight[3]) / 2, weight[5]],
        [(2 * weight[1] + weight[4]) / 3, torch.zeros(4)],
    ]
    torch.testing.assert_close(embedder(words), torch.stack([torch.stack(r) for r in expected]))
    assert embedder.get_output_dim() == 4


def test_padding_has_no_part(vocab):
    """What stands at padding reaches neither the vectors nor their gradients."""
    embedder = WordPiecesEmbedder(vocab, 4)
    with torch.no_grad():
        embedder.embedding.weight[0] = 1e6
    vectors = embedder(torch.tensor([[[2, 0], [0, 0]]]))
    assert torch.equal(vectors[0, 0], embedder.embedding.weight[2]) and not vectors[0, 1].any()
    vectors.sum().backward()
    assert not embedder.embedding.weight.grad[0].any()


def test_faults(tiny_transformer, vocab):
    with pytest.raises(ConfigurationError, match="embedding_dim: expected 1 or more, got 0"):
        WordPiecesEmbedder(vocab, 0)
    message = (
        "embedding_dim: expected at most 16, since there are 42 pieces with vectors of 16 features"
    )
    with pytest.raises(ConfigurationError, match=message):
        WordPiecesEmbedder(vocab, 17, pretrained_file=str(tiny_transformer))
    vocab.add_token_to_namespace("strange", "word_pieces")
    message = re.escape("the vocabulary has 1 pieces that the tokenizer of")
    with pytest.raises(ConfigurationError, match=message):
        WordPiecesEmbedder(vocab, 4, pretrained_file=str(tiny_transformer))


def config_of_pieces(folder):
    config = tagger_config(["en"])
    config["dataset_reader"]["token_indexers"] = {
        "tokens": {"type": "word_pieces", "model_name": str(folder)}
    }
    embedder = {"type": "word_pieces", "embedding_dim": 12, "pretrained_file": str(folder)}
    config["model"]["text_field_embedder"] = {"token_embedders": {"tokens": embedder}}
    return config


def test_tagger_trains_and_its_archive_needs_no_transformer(tiny_transformer, tmp_path):
    """But for the tokenizer."""
    folder = tmp_path / "transformer"
    folder.mkdir()
    for path in tiny_transformer.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    model = train(config_of_pieces(folder), tmp_path / "run")
    for weights in folder.glob("*model*"):
        weights.unlink()
    loaded = load_archive(tmp_path / "run" / "model.tar.gz").model
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, loaded.state_dict()[name])
