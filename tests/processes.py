"""
Commands in processes of their own. To import PyTorch and AllenNLP takes seconds: these are forks of a server that has
done so, and know of no other test.
"""

import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Dict

import torch

from tests.experiments.tiny import start_forkserver
from tests.runs import ROOT

SECONDS = 120  # after which a process hangs


class Forked:
    """
    A function at work in a process of its own, which leads a group of processes.

    # Parameters

    output : `Path`
        A file, for all that it prints.
    environment : `Dict[str, str]`
        Beside this process's; packages are looked for where `PYTHONPATH` says.
    """

    def __init__(
        self, function: Any, *arguments: Any, output: Path, environment: Dict[str, str]
    ) -> None:
        start_forkserver()
        given = (output, {**os.environ, "OMP_NUM_THREADS": "1", **environment})
        server = get_context("forkserver")
        self.process = server.Process(target=_call, args=(function, arguments, *given))
        self._output = output
        self.process.start()

    @property
    def printed(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def end(self) -> int:
        """Its exit status."""
        self.process.join(timeout=SECONDS)
        if self.process.exitcode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"a process hangs:\n{self.printed[-3000:]}")
        return self.process.exitcode


def _call(function: Any, arguments: Any, output: Path, environment: Dict[str, str]) -> None:
    os.setsid()
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    torch.set_num_threads(1)
    function(*arguments)
