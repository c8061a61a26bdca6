"""The caching pass, killed at random moments; `make kills` kills it fifty times."""

import os
import random
import signal
import time

import torch

from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.teachers import Asking, Ensemble, asking
from tests.knowledge.stores import FORK, contents, finish, in_process
from tests.teachers.asking_test import PATHS, POSTERIORS, LengthTeacher, known, questions, texts

NUM_KILLS = int(os.environ.get("SKD_KILLS", "5"))
# More than are asked about between two kills.
QUESTIONS = questions("en", texts(20 * NUM_KILLS))
REQUEST = POSTERIORS | PATHS


class TellingStore(LmdbKnowledgeStore):
    """Tells of each sentence when it is committed."""

    def __init__(self, path, pipe):
        super().__init__(path)
        self.pipe = pipe

    def write(self, source, knowledge):
        super().write(source, knowledge)
        for key in knowledge:
            self.pipe.send(key)


def cache(folder, pipe):
    """Asks about all that is missing, sentence by sentence."""
    torch.set_num_threads(1)
    asking.BYTES_IN_WRITE = 1  # in this forked process
    store = TellingStore(folder, pipe)
    store.open("")
    ensembles = {"en": Ensemble([LengthTeacher("en")])}
    cpu = torch.device("cpu")
    Asking(store, ensembles, REQUEST, cpu, tokens_per_batch=1, is_quiet=True)(QUESTIONS)
    store.close()


def told(receiver):
    """All that a process has still told before its end."""
    keys = []
    try:
        while True:
            keys.append(receiver.recv())
    except EOFError:
        return keys


def start(folder):
    receiver, sender = FORK.Pipe(duplex=False)
    process = in_process(cache, folder, sender)
    sender.close()
    return process, receiver


def opened(folder):
    store = LmdbKnowledgeStore(folder)
    store.open("")
    return store


def test_kills_while_teachers_are_asked(tmp_path):
    moments = random.Random(NUM_KILLS)
    committed = []
    for _ in range(NUM_KILLS):
        process, receiver = start(tmp_path / "killed")
        committed += [receiver.recv() for _ in range(moments.randint(1, 5))]
        time.sleep(moments.uniform(0, 0.01))
        os.kill(process.pid, signal.SIGKILL)
        process.join(timeout=60)
        assert process.exitcode == -signal.SIGKILL
        committed += told(receiver)
        store = opened(tmp_path / "killed")
        source = Ensemble([LengthTeacher("en")]).fingerprint
        assert not store.missing(source, committed, REQUEST)
        store.close()
    # No sentence was asked about again, but for those that were committed and not yet told of.
    assert len(set(committed)) == len(committed) < len(QUESTIONS)

    of_both = []
    for name in ("killed", "undisturbed"):
        process, receiver = start(tmp_path / name)
        left = told(receiver)
        finish(process)
        assert not set(left) & set(committed) or name == "undisturbed"
        store = opened(tmp_path / name)
        assert None not in known(store, LengthTeacher("en"), QUESTIONS, REQUEST)
        of_both.append(contents(store))
        store.close()
        assert {path.name for path in (tmp_path / name).iterdir()} == {"data.mdb", "lock.mdb"}
    assert of_both[0] == of_both[1]
