"""The mean over some words."""

import torch

from skd_plugin.modules.mean_state import mean_state


def test_mean_of_some_words():
    states = torch.tensor([[[1.0], [3.0], [float("inf")]]])
    mask = torch.tensor([[True, True, False]])
    assert mean_state(states, mask).tolist() == [[2.0]]
