"""How long runs may take: as another seed's took, or by timing a few batches."""

import copy
import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from skd_plugin.experiments import estimate
from skd_plugin.experiments.estimate import Estimates, wall_seconds
from skd_plugin.experiments.execution import OUTCOMES, Workplace
from skd_plugin.experiments.experiment import KNOWLEDGE, Run
from tests.runs import LANGUAGES, student_config, tagger_config

OF_UPDATE, OF_VALIDATION = 2.0, 0.5  # seconds of a batch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The seconds of each batch, after which a clock shows their sum."""
    taken: List[float] = []
    step = estimate._step

    def slow(trainer: Any, batch: Any, training: bool) -> None:
        step(trainer, batch, training)
        taken.append(OF_UPDATE if training else OF_VALIDATION)

    monkeypatch.setattr(estimate, "_step", slow)
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: sum(taken))
    return taken


def run_of(config: Any, method: str = "baseline", seed: int = 1) -> Run:
    """A run of a baseline, or of another method."""
    config = copy.deepcopy(config)
    if config is not None:
        config["random_seed"] = seed
    return Run(f"seed-{seed}/{method}", method, seed, None, config, [], {})


def finish(folder: Path, run: Run, seconds: float) -> None:
    """Leaves what a finished run does."""
    workplace = Workplace(str(folder), run)
    workplace.folder.mkdir(parents=True)
    workplace._finish(workplace._inputs(), {"seconds": seconds})
    (workplace.folder / OUTCOMES).write_bytes(b"")


@pytest.mark.parametrize("number, updates", [(40, 5), (4, 1), (9, 2), (17, 3), (240, 30)])
def test_batches_are_counted(number: int, updates: int, clock: List[float], tmp_path: Path) -> None:
    """Of few batches all are timed, of many some; each is an epoch's share of the whole."""
    config = tagger_config(["en"])
    config["dataset_reader"]["max_sentences_per_file"] = number
    config["validation_dataset_reader"] = {**config["dataset_reader"], "max_sentences_per_file": 10}
    config["data_loader"]["batch_size"] = 8
    config["validation_data_loader"] = {"batch_size": 4}
    config["trainer"]["num_epochs"] = 7
    seconds = Estimates(str(tmp_path), [])(run_of(config))
    assert seconds == 7 * (updates * OF_UPDATE + 3 * OF_VALIDATION)
    assert clock.count(OF_UPDATE) == min(updates, estimate.WARM_UP + estimate.TIMED)


def test_without_validation(clock: List[float], tmp_path: Path) -> None:
    config = tagger_config(["en"])
    del config["validation_data_path"], config["trainer"]["validation_metric"]
    assert Estimates(str(tmp_path), [])(run_of(config)) == 2 * 3 * OF_UPDATE


def test_what_is_alike_is_timed_once(clock: List[float], tmp_path: Path) -> None:
    """Another seed, and other losses; teachers need not be there."""
    baseline = tagger_config(LANGUAGES)
    losses: List[List[Dict[str, Any]]] = [[{"type": "posterior"}], [{"type": "structural"}]]
    students = [student_config(tmp_path / "teachers", some) for some in losses]
    students[0]["model"]["loss_reduction"] = "mean"
    students[0]["model"]["schedule"] = {"type": "constant", "weight": 0.5}
    before = copy.deepcopy(students)
    estimates = Estimates(str(tmp_path), [])
    first = estimates(run_of(baseline))
    timed = len(clock)
    for number, config in enumerate([baseline, *students]):
        for seed in (1, 2):
            assert estimates(run_of(config, f"method_{number}", seed)) == first
    assert students == before and len(clock) == timed > 0
    baseline["trainer"]["num_epochs"] = 4
    assert estimates(run_of(baseline)) == 2 * (first or 0) and len(clock) == 2 * timed


def test_unlabelled_text_takes_as_long(clock: List[float], tmp_path: Path) -> None:
    config = student_config(tmp_path / "teachers", [{"type": "posterior"}])
    plain = config["dataset_reader"]
    config["dataset_reader"] = {
        "type": "semi_supervised",
        "labeled": plain,
        "unlabeled": {**plain, "skip_sentences_per_file": 40},
    }
    paths = config["train_data_path"]
    config["train_data_path"] = {"labeled": paths, "unlabeled": paths}
    del config["validation_data_path"], config["trainer"]["validation_metric"]
    sentences = 2 * 2 * 40
    assert Estimates(str(tmp_path), [])(run_of(config)) == 2 * sentences / 16 * OF_UPDATE


def test_phases_are_timed_one_by_one(clock: List[float], tmp_path: Path) -> None:
    config = tagger_config(["en"])
    plain = config["trainer"]
    phases = [
        {"name": "one", "updates_per_epoch": 4, "trainer": {**plain, "num_epochs": 3}},
        {"name": "two", "trainer": {**plain, "num_epochs": 2}},
    ]
    config["trainer"] = {"type": "phases", "phases": phases, "cuda_device": -1}
    first, second = 3 * (4 * OF_UPDATE + _validation()), 2 * (3 * OF_UPDATE + _validation())
    assert Estimates(str(tmp_path), [])(run_of(config)) == first + second


def test_another_seed_gives_the_time(clock: List[float], tmp_path: Path) -> None:
    config = tagger_config(["en"])
    runs = [run_of(config, "posterior", seed) for seed in (1, 2, 3)]
    finish(tmp_path, runs[1], 77.5)
    estimates = Estimates(str(tmp_path), runs)
    assert [estimates(run) for run in runs] == [77.5] * 3 and not clock
    # Neither another method's nor another language's.
    assert estimates(runs[0]._replace(method="top_k")) == 2 * 3 * OF_UPDATE + 2 * _validation()
    assert estimates(runs[0]._replace(language="ru")) != 77.5


def _validation() -> float:
    """Of an epoch: all development sentences, 40 at most, in batches of 16."""
    return 3 * OF_VALIDATION


def test_asking_teachers_is_known_from_another_seed_alone(
    clock: List[float], tmp_path: Path
) -> None:
    runs = [run_of(None, KNOWLEDGE, seed) for seed in (1, 2)]
    assert Estimates(str(tmp_path), runs)(runs[1]) is None
    (tmp_path / "seed-1").mkdir()
    asked = Workplace(str(tmp_path), runs[0])
    asked._finish(asked._inputs(), {"seconds": 3.5})
    assert Estimates(str(tmp_path), runs)(runs[1]) == 3.5 and not clock


def test_a_trained_teacher_takes_no_time(clock: List[float], tmp_path: Path) -> None:
    run = run_of({"archive_file": "x.tar.gz"}, "teachers")
    assert Estimates(str(tmp_path), [])(run) == 0 and not clock


def test_nothing_is_left(clock: List[float], tmp_path: Path) -> None:
    config = tagger_config(["en"])
    before = json.dumps(config)
    Estimates(str(tmp_path), [])(run_of(config))
    assert list(tmp_path.iterdir()) == [] and json.dumps(config) == before


def test_wall_seconds() -> None:
    assert wall_seconds([3, 4, 5], jobs=1) == 12
    assert wall_seconds([3, 4, 5], jobs=2) == 6
    assert wall_seconds([3, 4, 5], jobs=8) == 5
    assert wall_seconds([], jobs=2) == 0
