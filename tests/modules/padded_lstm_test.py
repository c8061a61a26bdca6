"""The encoder of padded sentences, beside AllenNLP's of packed ones."""

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.modules import Seq2SeqEncoder
from allennlp.modules.seq2seq_encoders import LstmSeq2SeqEncoder

from skd_plugin.modules import PaddedLstm

LENGTHS = [[3, 7, 1, 5], [4, 4], [1], [2, 0]]


def both(num_layers=1):
    """The same weights in both."""
    packed = LstmSeq2SeqEncoder(5, 3, num_layers=num_layers, bidirectional=True)
    padded = PaddedLstm(5, 3, num_layers=num_layers)
    for number in range(num_layers):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            for layers, suffix in (
                (padded.forward_layers, ""),
                (padded.backward_layers, "_reverse"),
            ):
                source = getattr(packed._module, f"{name}_l{number}{suffix}")
                getattr(layers[number], f"{name}_l0").data.copy_(source.data)
    return packed, padded


def batch(lengths):
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return torch.randn(len(lengths), max(lengths), 5, requires_grad=True), mask


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_computes_what_the_packed_one_does(lengths, num_layers):
    torch.manual_seed(len(lengths) + num_layers)
    inputs, mask = batch(lengths)
    packed, padded = both(num_layers)
    expected, found = packed(inputs, mask), padded(inputs, mask)
    assert found.shape == (len(lengths), max(lengths), 6)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    weights = torch.randn_like(expected)
    gradients = [torch.autograd.grad((out * weights).sum(), inputs)[0] for out in (expected, found)]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-5, atol=1e-6)


def test_padding_is_of_no_influence():
    inputs, mask = batch([2, 5])
    encoder = PaddedLstm(5, 3, num_layers=2)
    noise = torch.where(mask.unsqueeze(-1), inputs, torch.full_like(inputs, 1e4))
    assert torch.equal(encoder(inputs, mask), encoder(noise, mask))
    torch.testing.assert_close(
        encoder(inputs[:1, :2], mask[:1, :2])[0], encoder(inputs, mask)[0, :2]
    )


def test_from_a_config():
    config = {"type": "padded_lstm", "input_size": 5, "hidden_size": 3, "num_layers": 2}
    encoder = Seq2SeqEncoder.from_params(Params({**config, "dropout": 0.5}))
    assert (encoder.get_input_dim(), encoder.get_output_dim()) == (5, 6)
    assert encoder.is_bidirectional()
    inputs, mask = batch([4])
    assert not torch.equal(encoder(inputs, mask), encoder(inputs, mask))  # dropout between layers
    encoder.eval()
    assert torch.equal(encoder(inputs, mask), encoder(inputs, mask))
    with pytest.raises(ConfigurationError, match="num_layers: expected 1 or more, got 0"):
        PaddedLstm(5, 3, num_layers=0)
