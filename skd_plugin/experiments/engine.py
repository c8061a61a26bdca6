"""Who does the runs of an experiment: processes of this machine, or those of a cluster."""

from typing import Callable, Dict, List, NamedTuple, Optional

from allennlp.common import Registrable

from skd_plugin.experiments.experiment import Run


class Task(NamedTuple):
    """
    A run, as a process of its own can do it.

    # Parameters

    run : `Run`
    folder : `str`
        Of the experiment.
    packages : `List[str]`
        Of `--include-package`.
    threads : `int`
        Of one process.
    working_directory : `str`
        From which all paths go out.
    settings : `Dict[str, str]`
        Environment variables that configs read.
    """

    run: Run
    folder: str
    packages: List[str]
    threads: int
    working_directory: str
    settings: Dict[str, str]


Ended = Callable[[Run, Optional[str]], None]
"""Takes a run that has ended, and the error that it ended with."""


class Engine(Registrable):
    """
    Does tasks in the order of their needs, several at a time. A run whose needs have failed is not done; the others go
    on.

    # Parameters

    jobs : `int`
        How many runs go on side by side.
    """

    default_implementation = "local"

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs

    def __call__(self, tasks: List[Task], ended: Ended) -> None:
        """
        # Parameters

        tasks : `List[Task]`
            Each after those that it needs; what it needs and is not among them is there.
        ended : `Ended`
            Called once for each.
        """
        raise NotImplementedError


def missing_need(run: Run, errors: Dict[str, Optional[str]]) -> Optional[str]:
    """Why a run cannot be done, if one that it needs has failed."""
    failed = [name for name in run.needs if errors.get(name)]
    return f"not run: {', '.join(failed)} failed" if failed else None


def ready(waiting: List[Task], unfinished: List[str]) -> List[Task]:
    """The tasks that wait for none of the unfinished."""
    return [task for task in waiting if not set(task.run.needs) & set(unfinished)]
