"""Dropout of whole words."""

import pytest
import torch

from skd_plugin.modules.word_dropout import WordDropout


def embedded():
    return 1 + torch.rand(20, 50, 8, generator=torch.Generator().manual_seed(0))


def test_words_are_dropped_whole_and_not_rescaled():
    torch.manual_seed(0)
    words = embedded()
    dropped = WordDropout(0.3)(words)
    gone = (dropped == 0).all(dim=2)
    assert torch.equal(dropped[~gone], words[~gone])
    # 1000 words: the standard deviation of the share is 0.014.
    assert gone.float().mean().item() == pytest.approx(0.3, abs=0.06)


def test_nothing_is_dropped_in_evaluation_or_with_probability_0():
    words = embedded()
    assert torch.equal(WordDropout(0.9).eval()(words), words)
    assert torch.equal(WordDropout(0.0)(words), words)


def test_gradient_is_of_kept_words_alone():
    torch.manual_seed(0)
    words = embedded().requires_grad_()
    dropped = WordDropout(0.5)(words)
    dropped.sum().backward()
    assert torch.equal(words.grad, (dropped != 0).float())


def test_it_has_no_parameters():
    assert not WordDropout(0.1).state_dict()


@pytest.mark.parametrize("p", [-0.1, 1.0, 2])
def test_refused(p):
    with pytest.raises(ValueError, match=f"p: expected 0 <= p < 1, got {p}"):
        WordDropout(p)
