"""How many threads compute."""

import os
from contextlib import contextmanager
from typing import Iterator

import torch

_TOKENIZERS = "TOKENIZERS_PARALLELISM"


def all_threads() -> int:
    """As many as the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy_with() -> float:
    """How many cores others have kept busy in the last minute, as far as the system says it."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


@contextmanager
def using_threads(number: int) -> Iterator[None]:
    """So many threads of torch, and as many of fast tokenizers as they like if there is more than one."""
    before, of_tokenizers = torch.get_num_threads(), os.environ.get(_TOKENIZERS)
    torch.set_num_threads(number)
    os.environ[_TOKENIZERS] = "true" if number > 1 else "false"
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if of_tokenizers is None:
            del os.environ[_TOKENIZERS]
        else:
            os.environ[_TOKENIZERS] = of_tokenizers
