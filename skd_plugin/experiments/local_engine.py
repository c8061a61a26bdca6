"""Processes of this machine."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection, wait
from typing import Any, Dict, List, NamedTuple, Optional

from tqdm import tqdm

from skd_plugin.experiments.engine import Ended, Engine, Task, missing_need, ready
from skd_plugin.experiments.execution import Workplace
from skd_plugin.experiments.worker import work


class _Started(NamedTuple):
    task: Task
    process: Any
    result: Connection


@Engine.register("local")
class LocalEngine(Engine):
    """A process of this machine for each run: they end with the one that started them, however that ends."""

    def __call__(self, tasks: List[Task], ended: Ended) -> None:
        # A server imports everything once; a run is a fork of it, and begins at once.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, "skd_plugin", "allennlp.commands"])
        waiting = list(tasks)
        started: List[_Started] = []
        errors: Dict[str, Optional[str]] = {}
        try:
            while waiting or started:
                unfinished = [task.run.name for task in waiting] + [
                    one.task.run.name for one in started
                ]
                for task in ready(waiting, unfinished):
                    error = missing_need(task.run, errors)
                    if error is None and len(started) >= self.jobs:
                        continue
                    waiting.remove(task)
                    if error is None:
                        started.append(_start(context, task))
                    else:
                        errors[task.run.name] = error
                        ended(task.run, error)
                        break  # others may have waited for it
                else:
                    wait([one.process.sentinel for one in started])
                for one in [one for one in started if not one.process.is_alive()]:
                    started.remove(one)
                    run = one.task.run
                    errors[run.name] = _result(one)
                    ended(run, errors[run.name])
        finally:
            for one in started:
                one.process.kill()
                one.process.join()


def _start(context: Any, task: Task) -> _Started:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_in_process, args=(task, sender), daemon=False)
    process.start()
    sender.close()
    return _Started(task, process, receiver)


def _in_process(task: Task, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    tqdm.set_lock(threading.RLock())  # its lock of processes would be left behind by a kill
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sender.send(work(task))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _result(one: _Started) -> Optional[str]:
    """The error of a process that has ended."""
    one.process.join()
    try:
        return one.result.recv()
    except EOFError:
        log = Workplace(one.task.folder, one.task.run).log
        return f"its process ended with exit code {one.process.exitcode}; see {log}"
    finally:
        one.result.close()
