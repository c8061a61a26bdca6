"""Engines: who is done when, and processes of this machine that fail, are killed, or lose their parent."""

import os
import signal

import pytest

from skd_plugin.experiments import Engine, LocalEngine
from skd_plugin.experiments.engine import Task, missing_need, ready
from skd_plugin.experiments.experiment import Run
from tests.experiments import tiny
from tests.knowledge.stores import FORK


def task(folder, name, *needs, package=None):
    """Of a run that never comes to train: what its package does when it is imported is all."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    run = Run(name, name, 1, None, {}, list(needs), {})
    return Task(run, str(folder), [package or "no_such_package"], 1, os.getcwd(), {})


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Packages that end their process, or wait."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name, code in {
        "that_is_killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "that_exits": "import os; os._exit(3)",
        "that_fails": "raise ValueError('one\\n  two' + 1000 * '.')",
        "that_waits": "import time; time.sleep(600)",
    }.items():
        (folder / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))


def run_all(tasks, jobs=1):
    ended = []
    LocalEngine(jobs)(tasks, lambda run, error: ended.append((run.name, error)))
    return ended


def test_tasks_are_ready_when_none_of_their_needs_is_unfinished(tmp_path):
    tasks = [task(tmp_path, "a"), task(tmp_path, "b", "a"), task(tmp_path, "c", "x")]
    assert [one.run.name for one in ready(tasks, ["a", "b", "c"])] == ["a", "c"]
    assert [one.run.name for one in ready(tasks[1:], ["b", "c"])] == ["b", "c"]


def test_missing_needs(tmp_path):
    run = task(tmp_path, "c", "a", "b", "x").run
    assert missing_need(run, {"a": None, "d": "bad"}) is None
    assert missing_need(run, {"a": "bad", "b": "not run: a failed"}) == "not run: a, b failed"


def test_local_is_the_default():
    assert Engine.default_implementation == "local" and Engine.by_name("local") is LocalEngine


def test_processes_that_end(packages, tmp_path):
    """Each is told once; those that need it are not started, the others are."""
    tasks = [
        task(tmp_path, "a", package="that_is_killed"),
        task(tmp_path, "b", package="that_exits"),
        task(tmp_path, "c", package="that_fails"),
        task(tmp_path, "d", "a", "b"),
        task(tmp_path, "e", "d"),
        task(tmp_path, "f", "finished before"),
    ]
    expected = {
        "a": f"its process ended with exit code -9; see {tmp_path}/a.log",
        "b": f"its process ended with exit code 3; see {tmp_path}/b.log",
        "c": f"ValueError: one two{493 * '.'}; see {tmp_path}/c.log",
        "d": "not run: a, b failed",
        "e": "not run: d failed",
        "f": f"ModuleNotFoundError: No module named 'no_such_package'; see {tmp_path}/f.log",
    }
    for jobs in (1, 3):
        ended = run_all(tasks, jobs)
        assert len(ended) == 6 and dict(ended) == expected
    assert not (tmp_path / "d.log").exists()
    log = (tmp_path / "c.log").read_text()
    assert log.count("Traceback") == 2  # nothing of the first time is lost


def test_as_many_as_there_are_jobs_go_on_side_by_side(packages, tmp_path):
    tasks = [task(tmp_path, name, package="that_waits") for name in "abcd"]
    process = FORK.Process(target=in_fork, args=(tasks, 3))
    tiny.start_forkserver()
    process.start()
    tiny.wait_until(lambda: len(tiny.at_work(tmp_path)) == 3)
    assert [(tmp_path / f"{name}.log").exists() for name in "abcd"] == [True, True, True, False]
    # The children end with their parent.
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    tiny.wait_until(lambda: not tiny.at_work(tmp_path), 10)


def in_fork(tasks, jobs):
    tiny.share_forkserver()
    run_all(tasks, jobs)
