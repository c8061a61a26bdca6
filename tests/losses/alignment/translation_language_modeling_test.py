"""Hidden words are guessed."""

import math

import pytest
import torch

from skd_plugin.losses.alignment import TranslationLanguageModeling
from skd_plugin.losses.alignment.translation_language_modeling import bag_of_pieces_loss
from tests.losses.alignment.batches import batch, words


def test_by_hand():
    """Piece 2 has half of the probability, pieces 3 and 4 an eighth each; the third word has no known piece."""
    logits = torch.tensor([[0.0, 0.0, math.log(4), 0.0, 0.0]]).expand(3, 5)
    targets = torch.tensor([[2, 0], [3, 2], [1, 0]])
    expected = (math.log(2) + (math.log(8) + math.log(2)) / 2) / 2
    assert bag_of_pieces_loss(logits, targets).item() == pytest.approx(expected)
    assert expected == pytest.approx(1.03972, abs=1e-5)


def test_as_a_loop_has_it():
    objective = TranslationLanguageModeling()
    torch.manual_seed(0)
    layer = objective.layers(4, 3, 6)
    views = words()
    found = objective(batch(words=views))
    losses = []
    for row, token in views.is_hidden.nonzero().tolist():
        probs = layer(views.masked[row, token]).softmax(dim=0).tolist()
        pieces = [piece for piece in views.targets[row, token].tolist() if piece > 1]
        if pieces:
            losses.append(-sum(math.log(probs[piece]) for piece in pieces) / len(pieces))
    assert len(losses) == 2
    assert found.item() == pytest.approx(sum(losses) / 2)


def test_minimum_is_0_where_all_is_guessed():
    logits = torch.full((2, 4), -100.0)
    logits[0, 2] = logits[1, 3] = 100.0
    assert bag_of_pieces_loss(logits, torch.tensor([[2, 0], [3, 0]])).item() == 0


def test_gradient_is_of_hidden_words_alone():
    objective = TranslationLanguageModeling()
    objective.layers(4, 3, 6)
    views = words()
    views.masked.requires_grad_()
    objective(batch(words=views)).backward()
    has_gradient = views.masked.grad.abs().sum(dim=2) > 0
    expected = views.is_hidden.clone()
    expected[1, 0] = False  # its piece is unknown
    assert torch.equal(has_gradient, expected)


def test_nothing_is_hidden():
    objective = TranslationLanguageModeling()
    layer = objective.layers(4, 3, 6)
    views = words()
    views.is_hidden[:] = False
    loss = objective(batch(words=views))
    loss.backward()
    assert loss.item() == 0 and not layer.weight.grad.any()
