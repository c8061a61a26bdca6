"""Several processes, each with its share of the sentences, fill what stores they have; one of them may end early."""

import os
import signal
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pytest
import torch
import torch.distributed as dist
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import find_open_port

from skd_plugin.dataset_readers import sentence_key
from skd_plugin.knowledge import KnowledgeRequest, LmdbKnowledgeStore, MemoryKnowledgeStore
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Asking, Ensemble, Processes, Question, Teacher, asking
from skd_plugin.teachers.processes import Share
from tests.knowledge.stores import FORK, contents

REQUEST = KnowledgeRequest(frozenset(["paths", "posteriors"]), 3)
SECONDS = 60.0  # after which a process hangs


class End(NamedTuple):
    """How a process ended: what it returned, or its error; neither if it was killed."""

    returned: Any = None
    error: Optional[str] = None


def in_processes(number: int, work: Callable[..., Any], *arguments: Any) -> List[End]:
    """How each of so many processes of one training ends, which calls `work` with its rank and the arguments."""
    port, processes, receivers = find_open_port(), [], []
    for rank in range(number):
        receiver, sender = FORK.Pipe(duplex=False)
        process = FORK.Process(
            target=_join_and_work, args=(sender, rank, number, port, work, arguments)
        )
        process.start()
        sender.close()
        processes.append(process)
        receivers.append(receiver)
    deadline = time.monotonic() + SECONDS
    try:
        return [_received(receiver, deadline) for receiver in receivers]
    finally:
        for process in processes:
            process.kill()
            process.join()


def _received(receiver: Any, deadline: float) -> End:
    assert receiver.poll(max(0.0, deadline - time.monotonic())), "a process hangs"
    try:
        return receiver.recv()
    except EOFError:
        return End()


def _join_and_work(
    pipe: Any,
    rank: int,
    number: int,
    port: int,
    work: Callable[..., Any],
    arguments: Tuple[Any, ...],
) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", world_size=number, rank=rank
    )
    dist.barrier()
    try:
        end = End(work(rank, *arguments))
    except Exception as error:
        end = End(error=f"{type(error).__name__}: {error}")
    pipe.send(end)
    os._exit(0)  # without the tidying up of the tests' process


class LengthTeacher(Teacher):
    """Its scores are the lengths of words; notes what it read, and may come to an end."""

    labels = ["A", "B", "C"]
    fingerprint = "lengths"

    def __init__(
        self, most: Optional[int] = None, end: Optional[Callable[[], None]] = None
    ) -> None:
        super().__init__()
        self.read: List[str] = []
        self._most = most
        self._end = end

    def distribution(self, sentences: Sequence[Sequence[str]]) -> LinearChain:
        if len(self.read) == self._most:
            assert self._end is not None
            self._end()
        (words,) = sentences
        self.read.append(" ".join(words))
        scores = [[len(word), 1.0, token / 8] for token, word in enumerate(words)]
        return LinearChain(torch.tensor([scores]))


def corpus(number: int, first: int = 0) -> List[str]:
    return [
        " ".join("x" * (1 + (index * token) % 9) for token in range(1 + index % 7)) + f" {index}"
        for index in range(first, first + number)
    ]


def questions(texts: Sequence[str]) -> List[Question]:
    return [Question("en", sentence_key(text.split(), "en"), text.split()) for text in texts]


@contextmanager
def opened(path: Any) -> Iterator[Any]:
    store: Any = MemoryKnowledgeStore() if path is None else LmdbKnowledgeStore(path)
    store.open("")
    try:
        yield store
    finally:
        store.close()


def ask(store: Any, teacher: Teacher, sentences: Any) -> None:
    """One sentence a batch: what a teacher knows of a sentence depends, in its last bits, on the others beside it."""
    processes = Processes()
    ensembles, cpu = {"en": Ensemble([teacher])}, torch.device("cpu")
    Asking(store, ensembles, REQUEST, cpu, 1, processes=processes, is_quiet=True)(sentences)
    processes.close()


def fill(rank: int, shares: List[List[str]], paths: List[Any]) -> Tuple[List[str], bool]:
    """What this process' teacher read, and whether all of its share is known afterwards."""
    teacher, mine = LengthTeacher(), questions(shares[rank])
    with opened(paths[rank]) as store:
        ask(store, teacher, iter(mine))
        keys = [question.key for question in mine]
        found = store.read(Ensemble([teacher]).fingerprint, keys, REQUEST)
    return teacher.read, None not in found


def read_by(ends: List[End]) -> List[List[str]]:
    """What each process' teacher read; each must have all that it needs."""
    assert [end.error for end in ends] == [None] * len(ends)
    assert all(end.returned[1] for end in ends)
    return [end.returned[0] for end in ends]


def content_of(path: Any) -> Dict[Any, Any]:
    """All that is in a store, beside which nothing must be left."""
    assert {one.name for one in path.iterdir()} == {"data.mdb", "lock.mdb"}
    with opened(path) as store:
        return contents(store)


def content_of_one(texts: Sequence[str], path: Any) -> Dict[Any, Any]:
    """What one process alone puts into a store."""
    with opened(path) as store:
        ask(store, LengthTeacher(), questions(texts))
    return content_of(path)


# The last ten of each share are the first ten of the next one, and some are there twice.
SHARES = [corpus(60) + corpus(5), corpus(60, 50), corpus(30, 100) + corpus(30, 100)]


@pytest.mark.parametrize("number", [2, 3])
def test_one_store_gets_each_sentence_once(tmp_path, number):
    shares, store = SHARES[:number], tmp_path / "store"
    read = read_by(in_processes(number, fill, shares, [store] * number))
    everything = sorted(set().union(*shares))
    assert sorted(sum(read, [])) == everything
    # Whoever saw it, the asking is divided about evenly.
    assert min(map(len, read)) > 0.6 * len(everything) / number
    assert content_of(store) == content_of_one(everything, tmp_path / "of-one")


def test_a_second_run_asks_nothing(tmp_path):
    for expected in (110, 0):
        read = read_by(in_processes(2, fill, SHARES[:2], [tmp_path, tmp_path]))
        assert len(sum(read, [])) == expected


def test_a_process_without_sentences_asks_for_the_others(tmp_path):
    read = read_by(in_processes(2, fill, [corpus(60), []], [tmp_path, tmp_path]))
    assert sorted(sum(read, [])) == sorted(corpus(60)) and len(read[1]) > 10


def test_stores_in_memory_have_each_their_own_share():
    read = read_by(in_processes(2, fill, SHARES[:2], [None, None]))
    assert [sorted(one) for one in read] == [sorted(set(one)) for one in SHARES[:2]]


def test_two_nodes_fill_each_its_own_store(tmp_path):
    """Two of three processes share a store."""
    stores = [tmp_path / "first", tmp_path / "second", tmp_path / "first"]
    read = read_by(in_processes(3, fill, SHARES, stores))
    of_first = sorted({*SHARES[0], *SHARES[2]})
    assert sorted(read[0] + read[2]) == of_first
    assert sorted(read[1]) == sorted(SHARES[1])
    assert content_of(stores[0]) == content_of_one(of_first, tmp_path / "of-first")
    assert content_of(stores[1]) == content_of_one(SHARES[1], tmp_path / "of-second")


def test_one_process_uses_no_torch_distributed(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("torch.distributed was called")

    for name in ("new_group", "get_rank", "get_world_size", "barrier", "all_gather_object"):
        monkeypatch.setattr(dist, name, refuse)
    processes = Processes()
    assert processes.gather("one") == ["one"]
    processes.wait()
    for place in (None, str(tmp_path)):
        with processes.sharing(place) as share:
            assert share == Share(0, 1, share.folder) and os.path.isdir(share.folder)
        assert not os.path.exists(share.folder)
    processes.close()
    with opened(tmp_path) as store:
        ask(store, LengthTeacher(), questions(corpus(3)))


def fill_unless_it_ends(rank: int, path: Any, who: int, where: str, how: str) -> None:
    """One process ends: at the start, or after 30 sentences that it saw, or 20 that its teacher read."""

    def end() -> None:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ConfigurationError("no more")

    def seen() -> Iterator[Question]:
        for number, question in enumerate(questions(SHARES[rank])):
            if (rank, where, number) == (who, "questions", 30):
                end()
            yield question

    asking.BYTES_IN_WRITE = 1  # in this forked process: each batch is written at once
    if (rank, where) == (who, "start"):
        end()
    most = 20 if (rank, where) == (who, "teacher") else None
    with opened(path) as store:
        ask(store, LengthTeacher(most, end), seen())


@pytest.mark.parametrize("how", ["raised", "killed"])
@pytest.mark.parametrize("where", ["start", "questions", "teacher"])
@pytest.mark.parametrize("who", [0, 1])
def test_where_one_ends_the_others_end_and_a_new_run_goes_on(tmp_path, who, where, how):
    path = tmp_path / "store"
    ends = in_processes(3, fill_unless_it_ends, path, who, where, how)
    assert ends[who].error == (None if how == "killed" else "ConfigurationError: no more")
    for rank in {0, 1, 2} - {who}:
        says = f"another process of the training has ended, so that number {rank} of 3 ends too"
        assert says in str(ends[rank].error)
    with opened(path) as store:
        before = contents(store)
    everything = set().union(*SHARES)
    assert None not in before.values()
    if where == "teacher":
        assert 20 <= len(before) < len(everything)
    else:
        assert not before

    read = read_by(in_processes(3, fill, SHARES, [path] * 3))
    assert len(sum(read, [])) == len(everything) - len(before)
    assert content_of(path) == content_of_one(sorted(everything), tmp_path / "of-one")
