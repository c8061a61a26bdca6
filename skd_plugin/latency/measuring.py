"""How long taggers take."""

import time
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from skd_plugin.latency.sentences import Words, batch_of, of_length
from skd_plugin.latency.threads import using_threads
from skd_plugin.latency.timed_model import Sentences, TimedModel
from skd_plugin.latency.turns import take_turns

PARTS = ("prepare", "run", "whole")
BUDGET = 10.0
"""Seconds of a measurement where nobody says how many rounds it has."""
LEAST, MOST = 5, 100
"""Rounds then."""
QUICK = 0.02
"""Seconds: who is quicker is called once, unmeasured, at the start of its turn."""


class Cell(NamedTuple):
    """
    What is given to the models.

    # Parameters

    threads : `int`
    batch_size : `int`
    length : `int`, optional
        Words of each sentence; `None` for sentences as they come.
    """

    threads: int
    batch_size: int
    length: Optional[int]


class Times(NamedTuple):
    """
    Of one model in one cell.

    # Parameters

    seconds : `Dict[str, np.ndarray]`
        Of a batch, in each of the `PARTS`; shape (rounds,).
    words : `np.ndarray`
        How many words the batch has; shape (rounds,).
    """

    seconds: Dict[str, np.ndarray]
    words: np.ndarray


def measure(
    models: Sequence[TimedModel],
    sentences: Sequence[Words],
    cell: Cell,
    repeats: Optional[int] = None,
    budget: float = BUDGET,
) -> List[Times]:
    """
    In each round all models tag the same batch, one after another; each round has the next batch.

    A quick model first tags the batch before unmeasured: a slow one has just filled the caches of the processor with
    its own weights, and its threads may not be at rest yet. Where models are served, they do not take turns.

    # Parameters

    models : `Sequence[TimedModel]`
    sentences : `Sequence[Words]`
        At least one; they begin anew behind the last, and what an indexer remembers of words it then has seen.
    cell : `Cell`
    repeats : `int`, optional (default = as many as go into the budget, `LEAST` to `MOST`)
        How many rounds there are.
    budget : `float`, optional (default = `BUDGET`)
        Seconds.
    """
    if cell.length is not None:
        sentences = of_length(sentences, cell.length)
    with using_threads(cell.threads):
        for model in models:
            model.use_threads(cell.threads)
            for number in (-2, -1):
                _once(model, batch_of(sentences, cell.batch_size, number))
        return _in_turns(models, sentences, cell.batch_size, repeats, budget)


def _in_turns(
    models: Sequence[TimedModel],
    sentences: Sequence[Words],
    batch_size: int,
    repeats: Optional[int],
    budget: float,
) -> List[Times]:
    found: Dict[str, List[List[float]]] = {str(number): [] for number in range(len(models))}

    def turn(name: str, number: int) -> float:
        model, measured = models[int(name)], found[name]
        if measured and measured[-1][-1] < QUICK:
            _once(model, batch_of(sentences, batch_size, number - 1))
        measured.append(_once(model, batch_of(sentences, batch_size, number)))
        return measured[-1][-1]

    rounds = take_turns(list(found), turn, budget, repeats or LEAST, repeats or MOST)
    words = [sum(map(len, batch_of(sentences, batch_size, number))) for number in range(rounds)]
    return [
        Times(dict(zip(PARTS, np.array(measured).T)), np.array(words))
        for measured in found.values()
    ]


def _once(model: TimedModel, batch: Sentences) -> List[float]:
    """The seconds of each of the `PARTS`."""
    model.wait()
    start = time.perf_counter()
    prepared = model.prepare(batch)
    model.wait()
    middle = time.perf_counter()
    model.run(prepared)
    model.wait()
    end = time.perf_counter()
    return [middle - start, end - middle, end - start]
