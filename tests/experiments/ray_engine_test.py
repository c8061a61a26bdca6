"""Runs by Ray, on two workers of this machine."""

import builtins
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments import Engine, Experiment, RayEngine
from skd_plugin.experiments.engine import Task
from skd_plugin.experiments.execution import Workplace
from skd_plugin.experiments.experiment import Run
from tests.experiments import tiny


@pytest.fixture
def ray_folder(monkeypatch):
    """Where Ray keeps its files, and its home; a short path, since it has sockets there."""
    folder = tempfile.mkdtemp(prefix="ray")
    tiny.start_forkserver()  # which is not Ray's, before its environment would say so
    monkeypatch.setenv("RAY_TMPDIR", folder)
    monkeypatch.setenv("HOME", folder)
    yield folder
    shutil.rmtree(folder)


def processes_of(folder):
    """Those that have it in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # gone, or not ours
            continue
        if folder.encode() in environment and int(process.name) != os.getpid():
            found.append(process.name)
    return found


def tasks_of(experiment, tmp_path):
    """Each worker needs seconds to start: the student asks its teacher itself, without a run between."""
    teacher, _, *students = experiment.runs()
    for run in (teacher, *students):
        Workplace(str(tmp_path / experiment.folder), run).prepare()
    return [
        Task(run, experiment.folder, [], 1, str(tmp_path), {})
        for run in (
            teacher,
            *(one._replace(needs=[teacher.name]) if one.needs else one for one in students),
        )
    ]


def test_two_workers(tmp_path, ray_folder, monkeypatch):
    pytest.importorskip("ray", reason='Ray is not installed: pip install "skd_plugin[ray]"')
    content = tiny.content([1], tiny.baseline(), tiny.student("posterior", {"type": "posterior"}))
    del content["teachers"]["ru"], content["methods"][1]["config"]["model"]["teachers"]["ru"]
    path = tiny.write(tmp_path / "x.jsonnet", content)
    assert tiny.distill(path, tmp_path / "local") == 0

    (tmp_path / "that_is_killed.py").write_text("import os; os.kill(os.getpid(), 9)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    tasks = tasks_of(Experiment(str(path), "ray"), tmp_path)
    killed = Run("killed", "killed", 1, None, {}, ["finished before"], {})
    failing = [
        Task(killed, "", ["that_is_killed"], 1, str(tmp_path), {}),
        Task(killed._replace(name="after", needs=["killed"]), "", [], 1, str(tmp_path), {}),
    ]
    ended = {}
    RayEngine(2)([*tasks, *failing], lambda run, error: ended.update({run.name: error}))
    assert ended.pop("killed").startswith("its process was lost: ")
    assert ended.pop("after") == "not run: killed failed"
    assert ended == {task.run.name: None for task in tasks} and len(ended) == 3
    tiny.wait_until(lambda: not processes_of(ray_folder), 30)

    finished = [task.run.name for task in tasks]
    times = [(tmp_path / "ray" / name).stat().st_mtime_ns for name in finished]
    assert tiny.distill(path, tmp_path / "ray") == 0
    assert times == [(tmp_path / "ray" / name).stat().st_mtime_ns for name in finished]
    tiny.assert_same_outcome(tmp_path / "local", tmp_path / "ray")


def test_it_needs_ray(monkeypatch):
    original = builtins.__import__

    def no_ray(name, *arguments, **options):
        if name == "ray":
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", no_ray)
    with pytest.raises(ConfigurationError) as raised:
        Engine.by_name("ray")(jobs=1)([], lambda run, error: None)
    assert raised.value.message == 'the engine "ray" needs Ray: pip install "skd_plugin[ray]"'
