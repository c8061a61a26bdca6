"""Processes of a cluster, by Ray."""

import os
from typing import Any, Dict, List, Optional

from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments.engine import Ended, Engine, Task, missing_need
from skd_plugin.experiments.worker import work


@Engine.register("ray")
class RayEngine(Engine):
    """
    Hands the runs to Ray: to the cluster that `RAY_ADDRESS` names, as many at a time as it has cores for, or to
    processes of this machine. All machines need the folder of the experiment and the data under the same paths.
    """

    def __call__(self, tasks: List[Task], ended: Ended) -> None:
        try:
            import ray
        except ImportError:
            raise ConfigurationError('the engine "ray" needs Ray: pip install "skd_plugin[ray]"')
        threads = max(task.threads for task in tasks)
        started_here = not ray.is_initialized()
        if started_here:
            _connect(ray, self.jobs * threads)
        try:
            # A worker that has done a run is replaced: nothing of a run reaches the next.
            remote = ray.remote(num_cpus=threads, max_calls=1, max_retries=0)(_after)
            references: Dict[str, Any] = {}
            for task in tasks:
                needed = [references.get(name) for name in task.run.needs]
                references[task.run.name] = remote.remote(task, *needed)
            runs = {references[task.run.name]: task.run for task in tasks}
            errors: Dict[str, Optional[str]] = {}
            while runs:
                done, _ = ray.wait(list(runs))
                for reference in done:
                    run = runs.pop(reference)
                    # Of a process that was lost, those that need it are lost, too.
                    errors[run.name] = missing_need(run, errors) or _result(ray, reference)
                    ended(run, errors[run.name])
        finally:
            if started_here:
                ray.shutdown()


def _connect(ray: Any, num_cpus: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
    else:
        ray.init(num_cpus=num_cpus, include_dashboard=False, log_to_driver=False)


def _after(task: Task, *errors_of_needs: Optional[str]) -> Optional[str]:
    """Does a task if what it needs has not failed; returns its error."""
    errors = dict(zip(task.run.needs, errors_of_needs))
    return missing_need(task.run, errors) or work(task)


def _result(ray: Any, reference: Any) -> Optional[str]:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return f"its process was lost: {' '.join(str(error).split())[:500]}"
