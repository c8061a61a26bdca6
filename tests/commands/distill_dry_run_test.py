"""`allennlp distill --dry-run`: what is to do and how long it may take, and nothing is done."""

from pathlib import Path
from typing import Any, Dict, List

import pytest

from skd_plugin.experiments import Experiment
from skd_plugin.experiments.estimate import Estimates
from skd_plugin.experiments.execution import OUTCOMES, Workplace
from skd_plugin.experiments.experiment import Run
from tests.experiments import tiny

WITH_ALL = "with all their epochs"
MORE = "; less where they stop early, and up to a fifth more where they learn from teachers."
SECONDS = {"teachers": 10.4, "baseline": 20.0, "posterior": 30.6, "knowledge": None}
NAMES = ["teachers/en", "teachers/ru", "knowledge", "baseline", "posterior"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    methods = [tiny.baseline(), tiny.student("posterior", {"type": "posterior"})]
    return tiny.write(tmp_path / "x.jsonnet", tiny.content([1, 2], *methods))


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """The runs whose batches were timed; each takes as said above."""
    names: List[str] = []

    def seconds(self: Estimates, run: Run) -> Any:
        taken = self._taken.get((run.method, run.language))
        if taken is not None:
            return taken
        names.append(run.name)
        return SECONDS[run.method]

    monkeypatch.setattr(Estimates, "__call__", seconds)
    return names


def plan(path: Path, capsys: Any, *options: Any) -> Dict[str, List[str]]:
    """What is printed of each run, and as the last thing."""
    capsys.readouterr()
    assert tiny.distill(path, path.parent / "out", "--dry-run", *options) == 0
    head, *rows, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "state", "about,", "seconds"]
    lines = {row.split()[0]: row.split("  ", 1)[1].split() for row in rows}
    assert list(lines) == [f"seed-{seed}/{name}" for seed in (1, 2) for name in NAMES]
    return {**lines, "total": [total]}


def finish(path: Path, name: str, seconds: float) -> None:
    """Leaves what a finished run does."""
    folder = path.parent / "out"
    (run,) = [run for run in Experiment(str(path), str(folder)).runs() if run.name == name]
    workplace = Workplace(str(folder), run)
    workplace.folder.mkdir(parents=True)
    workplace._finish(workplace._inputs(), {"seconds": seconds})
    (workplace.folder / OUTCOMES).write_bytes(b"")


def test_all_is_to_do(path: Path, timed: List[str], capsys: Any) -> None:
    lines = plan(path, capsys, "--jobs", 2)
    for seed in (1, 2):
        assert [lines[f"seed-{seed}/{name}"] for name in NAMES] == [
            ["to", "do", "10"],
            ["to", "do", "10"],
            ["to", "do", "?"],
            ["to", "do", "20"],
            ["to", "do", "31"],
        ]
    # 2 * (10.4 + 10.4 + 20 + 30.6) seconds.
    assert lines["total"] == [
        f"10 of 10 runs to do: about 0:01:11 {WITH_ALL}, 2 side by side{MORE}"
    ]
    assert [one.name for one in path.parent.iterdir()] == ["x.jsonnet"]


def test_finished_and_begun(path: Path, timed: List[str], capsys: Any) -> None:
    finish(path, "seed-1/teachers/en", 7.7)
    finish(path, "seed-1/knowledge", 2.2)
    finish(path, "seed-2/posterior", 500.0)
    begun = path.parent / "out" / "seed-1" / "baseline"
    begun.mkdir()
    (begun / "model_state_e0_b0.th").write_text("")
    files = sorted(path.parent.rglob("*"))
    lines = plan(path, capsys, "--jobs", 1)
    assert [lines[f"seed-1/{name}"] for name in NAMES] == [
        ["finished", "8", "(taken)"],
        ["to", "do", "10"],
        ["finished", "2", "(taken)"],
        ["to", "go", "on", "20"],
        ["to", "do", "500"],  # as the other seed's took
    ]
    assert [lines[f"seed-2/{name}"] for name in NAMES] == [
        ["to", "do", "8"],
        ["to", "do", "10"],
        ["to", "do", "2"],
        ["to", "do", "20"],
        ["finished", "500", "(taken)"],
    ]
    assert timed == [
        *("seed-1/teachers/ru", "seed-1/baseline"),
        *("seed-2/teachers/ru", "seed-2/baseline"),
    ]
    # 10.4 + 20 + 500 + 7.7 + 10.4 + 2.2 + 20 seconds.
    assert lines["total"] == [f"7 of 10 runs to do: about 0:09:31 {WITH_ALL}, 1 side by side{MORE}"]
    assert sorted(path.parent.rglob("*")) == files


def test_nothing_is_to_do(path: Path, timed: List[str], capsys: Any) -> None:
    for run in Experiment(str(path), "out").runs():
        finish(path, run.name, 1.0)
    lines = plan(path, capsys, "--jobs", 1)
    assert lines["total"] == [f"0 of 10 runs to do: about 0:00:00 {WITH_ALL}, 1 side by side{MORE}"]
    assert not timed


def test_batches_are_timed(path: Path, capsys: Any) -> None:
    lines = plan(path, capsys, "--jobs", 1)
    for name in NAMES:
        for seed in (1, 2):
            seconds = lines[f"seed-{seed}/{name}"][-1]
            assert seconds == "?" if name == "knowledge" else int(seconds) < 100
    assert [one.name for one in path.parent.iterdir()] == ["x.jsonnet"]
