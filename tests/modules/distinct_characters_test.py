"""The encoder of different words, beside AllenNLP's of all words."""

import pytest
import torch
from allennlp.modules import Embedding
from allennlp.modules.seq2vec_encoders import CnnEncoder
from allennlp.modules.token_embedders import TokenCharactersEncoder

from skd_plugin.modules import DistinctCharactersEncoder, distinct_characters


def both():
    """With the same weights."""
    embedding = Embedding(4, num_embeddings=9)
    encoder = CnnEncoder(4, num_filters=3, ngram_filter_sizes=(2, 3))
    return DistinctCharactersEncoder(embedding, encoder), TokenCharactersEncoder(embedding, encoder)


def characters(batch_size=5, num_tokens=7, num_characters=4, num_words=6):
    """Words of a small vocabulary, and padding behind them."""
    vocabulary = torch.randint(1, 9, (num_words, num_characters))
    vocabulary[::2, -1] = 0
    words = vocabulary[torch.randint(0, num_words, (batch_size, num_tokens))]
    words[torch.arange(num_tokens) >= torch.randint(1, num_tokens + 1, (batch_size, 1))] = 0
    return words


@pytest.mark.parametrize("seed", range(5))
def test_encodes_and_learns_as_the_other(seed):
    torch.manual_seed(seed)
    words, weights = characters(), torch.randn(5, 7, 6)
    found = []
    for module in both_with_gradients():
        encoded = module(words)
        (encoded * weights).sum().backward()
        found.append([encoded, *(parameter.grad for parameter in module.parameters())])
    for ours, theirs in zip(*found):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def both_with_gradients():
    """With equal weights, but each its own."""
    ours, _ = both()
    _, theirs = both()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def test_weights_of_the_other_fit():
    ours, theirs = both()
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert ours.get_output_dim() == theirs.get_output_dim() == 6


def test_encodes_each_word_once(monkeypatch):
    torch.manual_seed(1)
    words = characters()
    seen = []
    plain = TokenCharactersEncoder.forward
    monkeypatch.setattr(
        TokenCharactersEncoder,
        "forward",
        lambda self, words: (seen.append(words), plain(self, words))[1],
    )
    both()[0](words)
    (encoded,) = seen
    rows = [tuple(row) for row in encoded[0].tolist()]
    assert sorted(rows) == sorted({tuple(row) for row in words.flatten(0, 1).tolist()})


def test_words_with_one_code_are_told_apart(monkeypatch):
    torch.manual_seed(2)
    ours, theirs = both()
    words = characters()
    zeros = torch.zeros(4, dtype=torch.long)
    monkeypatch.setattr(distinct_characters.torch, "randint", lambda *_, **__: zeros)
    assert torch.allclose(ours(words), theirs(words))


def test_no_words():
    assert both()[0](torch.zeros(2, 0, 4, dtype=torch.long)).shape == (2, 0, 6)


def test_one_word():
    ours, theirs = both()
    words = torch.tensor([[[3, 1, 0, 0]]])
    assert torch.allclose(ours(words), theirs(words))
