"""Two texts that are read together."""

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.seq2seq_encoders import LstmSeq2SeqEncoder, PytorchTransformer

from skd_plugin.modules.pair_encoder import PairEncoder

VECTORS = torch.randn(10, 6, generator=torch.Generator().manual_seed(0))


def text(*rows):
    """A batch of texts of words by number, of which 0 is padding."""
    longest = max(map(len, rows))
    padded = [[*row, *[0] * (longest - len(row))] for row in rows]
    return {"tokens": {"tokens": torch.tensor(padded)}}


def read(tokens):
    return VECTORS[tokens["tokens"]["tokens"]]


@pytest.fixture(params=["none", "lstm", "transformer"])
def pair_encoder(request):
    torch.manual_seed(0)
    encoders = {
        "none": None,
        "lstm": LstmSeq2SeqEncoder(6, 4, bidirectional=True),
        "transformer": PytorchTransformer(6, 1, 12, 2, positional_encoding="sinusoidal"),
    }
    return PairEncoder(6, encoders[request.param]).eval()


def test_padding_changes_nothing(pair_encoder):
    first, second = [[1, 2], [3, 4, 5, 6]], [[7, 8, 9, 1, 2], [3]]
    together = pair_encoder(read, text(*first), text(*second))
    for row, (one, other) in enumerate(zip(first, second)):
        alone = pair_encoder(read, text(one), text(other))
        num_first, num_tokens = len(one), len(one) + len(other)
        states = together.states[row, :num_tokens]
        torch.testing.assert_close(states, alone.states[0], atol=1e-5, rtol=1e-5)
        places = torch.arange(together.states.size(1))
        assert torch.equal(together.is_first[row], places < num_first)
        expected = (places >= num_first) & (places < num_tokens)
        assert torch.equal(together.is_second[row], expected)


def test_what_a_word_knows_of(pair_encoder):
    """Of the other text, if there is an encoder."""
    one, other = (pair_encoder(read, text([1, 2]), text([3, last])).states for last in (4, 5))
    assert torch.equal(one[0, :2], other[0, :2]) == (pair_encoder.encoder is None)
    assert pair_encoder.output_dim == one.size(2)


def test_sides_are_told_apart(pair_encoder):
    """The same words in the same places, cut elsewhere."""
    one, other = (
        pair_encoder(read, text(first), text(second)).states
        for first, second in (([1, 2], [3]), ([1], [2, 3]))
    )
    assert torch.equal(one, other) == (pair_encoder.encoder is None)


def test_encoder_of_another_width():
    with pytest.raises(ConfigurationError, match="text field embedding dim"):
        PairEncoder(5, LstmSeq2SeqEncoder(6, 4))
