"""What the tests of stores share: sentences, open stores, and functions that run in a process of their own."""

import functools
import multiprocessing
import os
import pickle
import signal
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch

from skd_plugin.knowledge import Knowledge, KnowledgeRequest, KnowledgeStore, LmdbKnowledgeStore
from skd_plugin.knowledge.knowledge import as_arrays

# Forked children have this module and need no import of their own.
FORK = multiprocessing.get_context("fork")
LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
TRANSITIONS = np.linspace(-3, 3, 35, dtype=np.float16).reshape(7, 5)
ALL = KnowledgeRequest(frozenset(["paths", "posteriors", "transitions"]), 3)

Bits = Tuple[int, Dict[str, Tuple[str, Tuple[int, ...], bytes]]]


def request(*fields: str, num_paths: int = 0) -> KnowledgeRequest:
    return KnowledgeRequest(frozenset(fields), num_paths)


@functools.lru_cache(maxsize=10000)
def sentence(seed: int, num_tokens: Optional[int] = None) -> Knowledge:
    """Three paths, posteriors and transitions, the same for the same seed."""
    random = np.random.RandomState(seed)
    num_tokens = num_tokens or random.randint(1, 30)
    scores = random.normal(scale=4, size=(num_tokens, 5))
    log_probs = -np.sort(random.exponential(size=3))
    if seed % 2:  # differences that half precision holds, and that are stored in it
        log_probs = np.round(log_probs * 128) / 128
    return Knowledge(
        paths=random.randint(5, size=(3, num_tokens)).astype(np.uint8),
        path_log_probs=log_probs.astype(np.float32),
        num_paths_asked=3,
        log_posteriors=(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))).astype("<f2"),
        transitions=TRANSITIONS,
    )


def sentences(writer: str, number: int, size: int = 5) -> Dict[str, Knowledge]:
    """A batch of sentences, the same for the same arguments."""
    seed = sum(writer.encode()) * 10000 + number * size
    return {f"{writer}-{number}-{part}": sentence(seed + part) for part in range(size)}


def only(knowledge: Knowledge, *names: str) -> Knowledge:
    """Some of its arrays."""
    return Knowledge(
        num_paths_asked=knowledge.num_paths_asked if "paths" in names else 0,
        **{name: getattr(knowledge, name) for name in names},
    )


def opened(folder: Any, path: Any = None) -> LmdbKnowledgeStore:
    """An open store that has the labels of "source"."""
    store = LmdbKnowledgeStore(path)
    store.open(str(folder))
    store.add_source("source", LABELS)
    return store


def bits(knowledge: Optional[Knowledge]) -> Optional[Bits]:
    """All that is in it, to compare."""
    if knowledge is None:
        return None
    arrays = as_arrays(knowledge)
    content = {name: (one.dtype.str, one.shape, one.tobytes()) for name, one in arrays.items()}
    return knowledge.num_paths_asked, content


def read(store: KnowledgeStore, key: str, asked: KnowledgeRequest = ALL) -> Optional[Bits]:
    return bits(store.read("source", [key], asked)[0])


def contents(store: LmdbKnowledgeStore) -> Dict[Tuple[str, bytes], Optional[Bits]]:
    """All that is in a store, to compare."""
    return {(one.source, one.digest): bits(one.knowledge) for one in store.scan()}


def assert_holds(store: KnowledgeStore, batches: List[Dict[str, Knowledge]]) -> None:
    for batch in batches:
        found = store.read("source", list(batch), ALL)
        assert [bits(one) for one in found] == [bits(one) for one in batch.values()]


class Outcome(NamedTuple):
    """How a function ended in a process of its own: what it returned, or the error, or the signal that ended it."""

    returned: Any = None
    error: Optional[str] = None
    message: Optional[str] = None
    signal: Optional[str] = None


def in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    process = FORK.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


def finish(*processes: Any) -> None:
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0


def alone(function: Callable[..., Any], *arguments: Any) -> Outcome:
    """Calls a function in a forked process, where it may change the limits, the user and the file systems."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = in_process(_send_outcome, sender, function, arguments)
    sender.close()
    try:
        return pickle.loads(receiver.recv_bytes())
    except EOFError:
        process.join(timeout=60)
        return Outcome(signal=signal.Signals(-process.exitcode).name)
    finally:
        process.join(timeout=60)


def _send_outcome(pipe: Any, function: Callable[..., Any], arguments: Tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    try:
        outcome = Outcome(returned=function(*arguments))
    except Exception as error:
        outcome = Outcome(error=type(error).__name__, message=str(error))
    pipe.send_bytes(pickle.dumps(outcome))


def as_a_guest(function: Callable[..., Any], *arguments: Any) -> Any:
    """For a forked process: permissions do not bind the superuser."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    return function(*arguments)
