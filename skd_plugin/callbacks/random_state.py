"""Random numbers that training does not notice."""

import random
from contextlib import contextmanager
from typing import Any, Iterator, Tuple

import numpy as np
import torch


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Loading teachers draws random numbers; training must be the same with and without it."""
    states: Tuple[Any, Any] = (random.getstate(), np.random.get_state())
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
