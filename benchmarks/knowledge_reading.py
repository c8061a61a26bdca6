"""Sentences a second, read at random."""

import itertools
import multiprocessing
import random
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import torch

from benchmarks.knowledge_corpus import Corpus
from benchmarks.knowledge_models import instances_of, teacher_size
from benchmarks.knowledge_teachers import (
    PATHS_AND_POSTERIORS,
    RandomTeacher,
    fill,
    questions_of,
)
from skd_plugin.knowledge import Knowledge, LmdbKnowledgeStore
from skd_plugin.teachers import Ensemble

AT_ONCE = 32
"""Sentences are asked for in batches of so many."""

Read = Callable[[Sequence[str]], Any]


class Reading(NamedTuple):
    """
    How fast knowledge is read.

    # Parameters

    place : `str`
        Where it is kept.
    processes : `int`
        That read at once.
    rate : `float`
        Sentences a second, of all processes together.
    bytes_per_token : `float`
        Of the files; 0 for what is in memory.
    """

    place: str
    processes: int
    rate: float
    bytes_per_token: float


class ReadingPlan(NamedTuple):
    """How many sentences there are, and for how many seconds they are read."""

    num_sentences: int
    seconds: float


def measure_reading(plan: ReadingPlan, folder: Path) -> List[Reading]:
    """Posteriors and 10 paths of 20 tags, from files that were just written: the disk takes no part."""
    corpus = Corpus(plan.num_sentences, num_tags=20)
    questions = questions_of(instances_of(teacher_size(), corpus))
    teacher = RandomTeacher(corpus.labels)
    store = fill(folder / "store", teacher, questions, PATHS_AND_POSTERIORS)
    source = Ensemble([teacher]).fingerprint
    keys = [question.key for question in questions]
    found = store.read(source, keys, PATHS_AND_POSTERIORS)
    known = {key: one for key, one in zip(keys, found) if one is not None}
    _write_files(known, folder / "files")
    store.close()

    def open_store() -> Read:
        own = LmdbKnowledgeStore(folder / "store")
        own.open("")
        return lambda some: own.read(source, some, PATHS_AND_POSTERIORS)

    def open_files() -> Read:
        return lambda some: [torch.load(folder / "files" / f"{key}.pt") for key in some]

    def open_dict() -> Read:
        return lambda some: [known[key] for key in some]

    num_tokens = sum(len(question.words) for question in questions)
    database, files = folder / "store" / "data.mdb", list((folder / "files").iterdir())
    places = {
        "lmdb store": (open_store, database.stat().st_size),
        ".pt files": (open_files, sum(path.stat().st_blocks * 512 for path in files)),
        "dict": (open_dict, 0),
    }
    return [
        Reading(place, processes, _rate(open_one, keys, processes, plan.seconds), size / num_tokens)
        for place, (open_one, size) in places.items()
        for processes in (1, 2)
    ]


def _write_files(known: Dict[str, Knowledge], folder: Path) -> None:
    """A file a sentence, with tensors of the same types."""
    folder.mkdir()
    for key, one in known.items():
        arrays = {
            "paths": one.paths,
            "path_log_probs": one.path_log_probs,
            "log_posteriors": one.log_posteriors,
        }
        tensors = {name: torch.tensor(array) for name, array in arrays.items()}
        torch.save(tensors, folder / f"{key}.pt")


def _rate(open_one: Callable[[], Read], keys: List[str], processes: int, seconds: float) -> float:
    """Of processes that start to read together."""
    context = multiprocessing.get_context("fork")
    barrier, queue = context.Barrier(processes), context.Queue()

    def run(seed: int) -> None:
        read, drawn = open_one(), random.Random(seed).sample(keys, len(keys))
        batches = [drawn[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE)]
        read(batches[0])
        barrier.wait()
        number, start = 0, time.perf_counter()
        for batch in itertools.cycle(batches):
            read(batch)
            number += len(batch)
            if time.perf_counter() - start > seconds:
                break
        queue.put(number / (time.perf_counter() - start))

    started = [context.Process(target=run, args=(seed,)) for seed in range(processes)]
    for process in started:
        process.start()
    rates = [queue.get(timeout=60 + seconds) for _ in started]
    for process in started:
        process.join()
    return sum(rates)
