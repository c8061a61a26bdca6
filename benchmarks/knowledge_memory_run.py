"""
Trainings, each in a process of its own that watches its memory; `knowledge_memory.py` runs this.

    python benchmarks/knowledge_memory_run.py JOBS

JOBS is a file with a JSON list of [config, folder, file for the result].
"""

import json
import logging
import multiprocessing
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from allennlp.commands.train import train_model  # noqa: E402
from allennlp.common import Params  # noqa: E402
from allennlp.training import TrainerCallback  # noqa: E402

import skd_plugin  # noqa: F401, E402 (registers)

SECONDS = 0.02
"""Between two looks."""
AT_ONCE = 2
BEFORE, CACHING, TRAINING = "before", "caching", "training"


class Watch(threading.Thread):
    """Keeps the most memory of each phase, in bytes: anonymous, and mapped from files."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.phase = BEFORE
        self.peaks: Dict[str, Dict[str, int]] = {}
        self.started = {BEFORE: time.time()}
        self._stopped = threading.Event()

    def enter(self, phase: str) -> None:
        """Another phase begins."""
        self._look()
        self.phase = phase
        self.started[phase] = time.time()

    def run(self) -> None:
        while not self._stopped.wait(SECONDS):
            self._look()

    def stop(self) -> None:
        """Looks for the last time."""
        self._look()
        self._stopped.set()
        self.join()

    def _look(self) -> None:
        peaks = self.peaks.setdefault(self.phase, {"anonymous": 0, "mapped": 0})
        status = read_status()
        peaks["anonymous"] = max(peaks["anonymous"], status["RssAnon"])
        # Files of a file system in memory count apart.
        peaks["mapped"] = max(peaks["mapped"], status["RssFile"] + status["RssShmem"])


def read_status() -> Dict[str, int]:
    """What the kernel says of the memory of this process, in bytes."""
    found = {}
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[name] = 1024 * int(value.split()[0])
    return found


_watch: Optional[Watch] = None  # of this process


@TrainerCallback.register("knowledge_memory_cached")
class Cached(TrainerCallback):
    """Stands behind the callback that caches: when its turn comes, training begins."""

    def on_start(self, trainer: Any, is_primary: bool = True, **kwargs: Any) -> None:
        assert _watch is not None
        _watch.enter(TRAINING)


def train(job: Tuple[str, str, str]) -> None:
    """Trains by a config, into a folder, and writes what was seen; in a process that has done nothing else."""
    global _watch
    config, folder, result = job
    _watch = Watch()
    _watch.start()
    _watch.enter(CACHING)
    train_model(Params.from_file(config), folder)
    ended = time.time()
    _watch.stop()
    started = _watch.started
    seconds = {CACHING: started[TRAINING] - started[CACHING], TRAINING: ended - started[TRAINING]}
    content = {"peaks": _watch.peaks, "seconds": seconds, "whole": read_status()["VmHWM"]}
    Path(result).write_text(json.dumps(content), encoding="utf-8")


def main() -> None:
    """Forks a process for each job; what is imported is imported once."""
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    jobs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    context = multiprocessing.get_context("fork")
    with context.Pool(AT_ONCE, maxtasksperchild=1) as pool:
        pool.map(train, jobs, chunksize=1)


if __name__ == "__main__":
    main()
