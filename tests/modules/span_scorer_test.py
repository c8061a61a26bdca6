"""The biaffine scorer of spans."""

import torch

from skd_plugin.modules.span_scorer import BiaffineSpanScorer


def scorer(**options):
    torch.manual_seed(0)
    model = BiaffineSpanScorer(5, num_labels=3, max_width=4, projection_dim=6, **options)
    torch.nn.init.normal_(model._width_bias)
    return model


def test_every_span_is_scored_by_its_ends_and_width():
    model = scorer()
    encoded = torch.randn(2, 6, 5)
    scores = model(encoded)
    assert scores.shape == (2, 6, 4, 3)
    starts = torch.nn.functional.gelu(model._start(encoded))
    ends = torch.nn.functional.gelu(model._end(encoded))
    weight = model._bilinear.weight.view(3, 7, 6)
    bias = model._bilinear.bias.view(3, 7)
    for start in range(6):
        for width in range(min(4, 6 - start)):
            for label in range(3):
                end = torch.cat([ends[:, start + width], torch.ones(2, 1)], dim=1)
                wanted = starts[:, start] @ weight[label].t() + bias[label]
                expected = (wanted * end).sum(dim=1) + model._width_bias[width, label]
                torch.testing.assert_close(scores[:, start, width, label], expected)


def test_a_sentence_does_not_depend_on_its_padding():
    model = scorer()
    encoded = torch.randn(1, 3, 5)
    padded = torch.cat([encoded, torch.randn(1, 4, 5)], dim=1)
    alone, within = model(encoded), model(padded)
    for start in range(3):
        torch.testing.assert_close(alone[:, start, : 3 - start], within[:, start, : 3 - start])


def test_dropout_is_of_training_alone():
    model, encoded = scorer(dropout=0.5), torch.randn(2, 6, 5)
    assert not torch.equal(model(encoded), model(encoded))
    assert torch.equal(model.eval()(encoded), model(encoded))


def test_every_parameter_learns():
    model = scorer()
    model(torch.randn(2, 6, 5)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())
