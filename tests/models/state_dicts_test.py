"""Weights that are not loaded."""

import torch

from skd_plugin.models.state_dicts import without


def test_what_begins_so_is_left_out():
    state = torch.nn.ModuleDict(
        {"kept": torch.nn.Linear(2, 1), "left": torch.nn.Linear(2, 1)}
    ).state_dict()
    found = without(state, "left.")
    assert set(found) == {"kept.weight", "kept.bias"} and found._metadata is state._metadata
    assert len(state) == 4
