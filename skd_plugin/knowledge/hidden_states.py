"""What the hidden states of a teacher's layer are called among the fields of knowledge."""

import re
from typing import Optional

_NAME = re.compile(r"hidden_(-?\d+)")


def hidden_field(layer: int) -> str:
    """The field, and the array, of the hidden states of a layer: from 0, or from the last one, -1, backwards."""
    return f"hidden_{layer}"


def layer_of(field: str) -> Optional[int]:
    """The layer of such a field; `None` of any other."""
    match = _NAME.fullmatch(field)
    return int(match[1]) if match else None


def in_words(field: str) -> str:
    """Any field, for people."""
    layer = layer_of(field)
    return field.replace("_", " ") if layer is None else f"hidden states of layer {layer}"
