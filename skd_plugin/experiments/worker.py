"""One run in a process of its own."""

import importlib
import os
import sys
import traceback
from typing import Optional

import torch
from allennlp.common.plugins import discover_plugins
from allennlp.common.util import import_module_and_submodules

from skd_plugin.experiments.engine import Task
from skd_plugin.experiments.execution import Workplace


def work(task: Task) -> Optional[str]:
    """Does a task; all output goes to its log. Returns the error that it ended with, in one line."""
    workplace = Workplace(os.path.join(task.working_directory, task.folder), task.run)
    torch.set_num_threads(task.threads)
    with open(workplace.log, "a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            os.chdir(task.working_directory)  # elsewhere on another machine
            os.environ.update(task.settings)
            for plugin in discover_plugins():
                importlib.import_module(plugin)
            for package in task.packages:
                import_module_and_submodules(package)
            workplace.execute()
        except Exception as error:
            traceback.print_exc()
            text = " ".join(str(error).split())
            return f"{type(error).__name__}: {text[:500]}; see {workplace.log}"
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    return None
