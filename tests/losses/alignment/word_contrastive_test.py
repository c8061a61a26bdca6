"""Hidden words and the same words seen."""

import math
import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from torch.nn.functional import cosine_similarity

from skd_plugin.losses.alignment import WordContrastive
from tests.losses.alignment.batches import batch, words


def by_loops(views, positions, negatives, temperature):
    losses = []
    places = views.mask.nonzero().tolist()
    for row, token in places:
        if positions == "hidden" and not views.is_hidden[row, token]:
            continue
        scores = {}
        for other_row, other in places:
            if negatives == "batch" or other_row == row:
                cosine = cosine_similarity(
                    views.masked[row, token], views.whole[other_row, other], dim=0
                )
                scores[other_row, other] = math.exp(cosine / temperature)
        losses.append(-math.log(scores[row, token] / sum(scores.values())))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("positions", ["hidden", "all"])
@pytest.mark.parametrize("negatives", ["batch", "pair"])
def test_as_loops_have_it_whatever_stands_on_padding(positions, negatives):
    objective = WordContrastive(0.5, positions, negatives)
    found = objective(batch(words=words())).item()
    assert found == pytest.approx(by_loops(words(), positions, negatives, 0.5))
    assert objective(batch(words=words(poison=7.0))).item() == found


def test_two_words_by_hand():
    """Right angles: each is its own match, with cosines 1 and 0."""
    views = words(dim=2)
    views.mask = torch.tensor([[True, True, False, False, False], [False] * 5])
    views.is_hidden = views.mask
    views.masked[0, :2] = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    views.whole[0, :2] = torch.tensor([[5.0, 0.0], [0.0, 1.0]])
    expected = -math.log(math.e**2 / (math.e**2 + 1))
    assert WordContrastive(temperature=0.5)(batch(words=views)).item() == pytest.approx(expected)
    assert expected == pytest.approx(0.126928, abs=1e-6)
    # The minimum is where words are far apart: here they are opposite.
    views.masked[0, 1] = views.whole[0, 1] = torch.tensor([-1.0, 0.0])
    assert WordContrastive(temperature=0.05)(batch(words=views)).item() < 1e-6


@pytest.mark.parametrize("stop", [True, False])
def test_gradients(stop):
    views = words()
    views.masked.requires_grad_(), views.whole.requires_grad_()
    WordContrastive(stop_gradient=stop)(batch(words=views)).backward()
    assert torch.equal(views.masked.grad.abs().sum(dim=2) > 0, views.is_hidden)
    if stop:
        assert views.whole.grad is None
    else:
        assert torch.equal(views.whole.grad.abs().sum(dim=2) > 0, views.mask)


def test_nothing_is_hidden():
    views = words()
    views.is_hidden[:] = False
    assert WordContrastive()(batch(words=views)).item() == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"temperature": 0}, "temperature: expected a positive number, got 0"),
        ({"positions": "x"}, 'positions: expected one of hidden, all, got "x"'),
        ({"negatives": "x"}, 'negatives: expected one of batch, pair, got "x"'),
        ({"weight": 0}, "weight of an objective: expected a positive number, got 0"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        WordContrastive(**options)
