"""Weights that are not loaded."""

import copy
from typing import Any


def without(state_dict: Any, prefix: str) -> Any:
    """The state of a model, but for the weights whose names begin so; with what torch notes beside the weights."""
    left = copy.copy(state_dict)
    for name in state_dict:
        if name.startswith(prefix):
            del left[name]
    return left
