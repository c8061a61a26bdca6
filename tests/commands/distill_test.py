"""`allennlp distill`: whole experiments, also interrupted ones; `make kills` kills one fifty times."""

import json
import os
import random
import shlex
import shutil
import signal
import time

import pytest
import torch

from tests.experiments import tiny
from tests.experiments.tiny import assert_same_outcome, distill, statuses
from tests.runs import NER, allennlp, metrics_of

NUM_KILLS = int(os.environ.get("SKD_KILLS", "3"))
ABLATION = {"of": "weighted_top_k", "parameter": "k", "value": 2}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """An experiment of two languages, two seeds, a baseline and two methods."""
    methods = [
        tiny.baseline(),
        tiny.student("posterior", {"type": "posterior"}),
        tiny.student("weighted_top_k_2", {"type": "weighted_top_k", "k": 2}, ablation=ABLATION),
    ]
    folder = tmp_path_factory.mktemp("experiment")
    return tiny.write(folder / "x.jsonnet", tiny.content([1, 2], *methods))


@pytest.fixture(scope="module")
def undisturbed(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    assert distill(path, folder, "--jobs", 1, report=True) == 0
    return folder


def test_what_it_leaves(undisturbed):
    assert {one.name for one in undisturbed.iterdir()} >= {
        "experiment.json",
        "results.json",
        "statistics.json",
        "runs.json",
        "examples.json",
        "results.md",
        "report.html",
        "seed-1",
        "seed-2",
    }
    assert set(statuses(undisturbed).values()) == {"finished"}
    rows = json.loads((undisturbed / "results.json").read_text())
    # Teachers on their own language; three methods on two languages and a third one; two seeds.
    assert len(rows) == 2 * (2 + 3 * 3)
    assert [row["method"] for row in rows[:4]] == ["teachers"] * 4
    assert len({row["value"] for row in rows if row["split"] == "test"}) > 5
    run = undisturbed / "seed-2" / "posterior"
    assert not list(run.glob("*_state_*")) and not list(run.glob("unfinished-*"))


def test_runs_side_by_side_give_the_same(path, undisturbed, tmp_path):
    assert distill(path, tmp_path / "out", "--jobs", 2) == 0
    assert_same_outcome(undisturbed, tmp_path / "out")


def test_a_run_can_be_done_by_hand(undisturbed, tmp_path):
    name = "seed-2/posterior"
    run = next(
        one for one in json.loads((undisturbed / "runs.json").read_text()) if one["name"] == name
    )
    threads, program, *arguments = shlex.split(run["command"])
    assert (threads, program) == ("OMP_NUM_THREADS=1", "allennlp")
    assert arguments[3] == str(undisturbed / f"{name}-by-hand")
    arguments[3] = str(tmp_path / "run")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        allennlp(*arguments)
    finally:
        torch.set_num_threads(threads)
    assert metrics_of(tmp_path / "run") == metrics_of(undisturbed / name)
    archives = [folder / "model.tar.gz" for folder in (undisturbed / name, tmp_path / "run")]
    tiny.assert_same_weights(*archives)


def test_what_is_finished_is_not_done_again(path, undisturbed, capsys):
    def times():
        return {path: path.stat().st_mtime_ns for path in undisturbed.glob("seed-*/**/*.*")}

    # The config that a run would have is written anew.
    before = {path: when for path, when in times().items() if path.suffix != ".json"}
    marks = {path: when for path, when in times().items() if path.name == "finished.json"}
    assert distill(path, undisturbed) == 0
    after = times()
    assert marks and {path: after[path] for path in [*before, *marks]} == {**before, **marks}
    assert "100%" in capsys.readouterr().err


def test_more_to_evaluate_on_is_not_more_to_train(path, undisturbed, tmp_path):
    folder = tmp_path / "out"
    methods = [tiny.baseline()]
    less = tiny.content([1], *methods)
    less["evaluation"]["zero_shot"] = {}
    less["teachers"] = {}
    assert distill(tiny.write(tmp_path / "less.jsonnet", less), folder) == 0
    archive = folder / "seed-1" / "baseline" / "model.tar.gz"
    trained = archive.stat().st_mtime_ns
    costs = json.loads((folder / "runs.json").read_text())[0]["costs"]
    more = {**less, "evaluation": tiny.content([1])["evaluation"]}
    assert distill(tiny.write(tmp_path / "more.jsonnet", more), folder) == 0
    assert archive.stat().st_mtime_ns == trained
    assert json.loads((folder / "runs.json").read_text())[0]["costs"] == costs
    rows = json.loads((folder / "results.json").read_text())
    expected = json.loads((undisturbed / "results.json").read_text())
    assert len(rows) == 3 and all(row in expected for row in rows)


def test_another_config_is_refused(path, undisturbed, tmp_path, capsys):
    other = json.loads(json.dumps(tiny.content([1, 2], tiny.baseline())))
    other["methods"][0]["config"]["trainer"]["num_epochs"] = 4
    assert distill(tiny.write(tmp_path / "other.jsonnet", other), undisturbed) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "allennlp distill: error: trained by another config: "
        f"{undisturbed}/seed-1/baseline (trainer.num_epochs: 3, now 4), "
        f"{undisturbed}/seed-2/baseline (trainer.num_epochs: 3, now 4); "
        "give another folder by -s, or delete those that are to be trained anew"
    )


def test_two_at_once_are_refused(path, tmp_path, capsys):
    from filelock import FileLock

    (tmp_path / "out").mkdir()
    with FileLock(str(tmp_path / "out" / "distill.lock")):
        assert distill(path, tmp_path / "out") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"allennlp distill: error: {tmp_path}/out: another `allennlp distill` is at work there"
    )


def test_failing_runs(tmp_path, capsys):
    """A teacher without data, and a method that does not exist; what is mended is done by the same command."""
    folder, file = tmp_path / "out", tmp_path / "ru.txt"
    odd = tiny.student("odd", {"type": "posterior"})
    odd["config"]["model"]["dropout"] = "much"
    experiment = tiny.content(
        [1], tiny.baseline(), tiny.student("posterior", {"type": "posterior"}), odd
    )
    experiment["teachers"]["ru"]["train_data_path"] = {"ru": str(file)}
    path = tiny.write(tmp_path / "x.jsonnet", experiment)

    assert distill(path, folder, "--jobs", 2, report=True) == 1
    error = f"DataError: {file}: found no such file; expected a file or URL; see {folder}/seed-1/teachers/ru.log"
    assert f"FAILED seed-1/teachers/ru: {error}" in capsys.readouterr().err
    assert "Traceback" in (folder / "seed-1" / "teachers" / "ru.log").read_text()
    errors = {run["name"]: run["error"] for run in json.loads((folder / "runs.json").read_text())}
    assert errors["seed-1/teachers/ru"] == error
    assert errors["seed-1/knowledge"] == "not run: seed-1/teachers/ru failed"
    assert errors["seed-1/posterior"] == "not run: seed-1/knowledge failed"
    assert statuses(folder) == {
        "seed-1/teachers/en": "finished",
        "seed-1/teachers/ru": "failed",
        "seed-1/knowledge": "not run",
        "seed-1/baseline": "finished",
        "seed-1/posterior": "not run",
        "seed-1/odd": "not run",
    }
    archive = folder / "seed-1" / "baseline" / "model.tar.gz"
    trained = archive.stat().st_mtime_ns

    shutil.copy(NER / "ru" / "train.txt", file)
    assert distill(path, folder, "--jobs", 2, report=True) == 1
    assert statuses(folder) == {
        **dict.fromkeys(statuses(folder), "finished"),
        "seed-1/odd": "failed",
    }
    assert archive.stat().st_mtime_ns == trained


def test_kills_at_random_moments(path, undisturbed, tmp_path, record_property):
    moments, folder = random.Random(NUM_KILLS), tmp_path / "out"
    in_vain = 0
    for _ in range(NUM_KILLS):
        process = tiny.started(path, folder, "--jobs", moments.choice([1, 2]))
        process.join(timeout=moments.uniform(0.2, 3))
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            tiny.wait_until(lambda: not tiny.at_work(folder))
            continue
        in_vain += 1  # it was finished: once more from the beginning
        assert process.exitcode == 0
        assert_same_outcome(undisturbed, folder)
        shutil.rmtree(folder)
    record_property("kills that came too late", in_vain)
    assert distill(path, folder, "--jobs", 2) == 0
    assert_same_outcome(undisturbed, folder)


def test_control_c(path, tmp_path):
    """As a terminal does, all processes get the signal; the command ends those that work for it."""
    folder = tmp_path / "out"
    process = tiny.started(path, folder, "--jobs", 2, output=tmp_path / "printed.txt")
    tiny.wait_until(lambda: len(tiny.at_work(folder)) == 2)
    workers = tiny.at_work(folder)
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    time.sleep(0.05)
    assert tiny.at_work(folder) == workers
    os.kill(process.pid, signal.SIGINT)
    process.join(timeout=60)
    assert process.exitcode == 130
    assert not tiny.at_work(folder) and not (folder / "results.json").exists()
    last = "allennlp distill: interrupted; the same command goes on from there."
    assert (tmp_path / "printed.txt").read_text().splitlines()[-1] == last


def test_students_of_other_teachers_are_trained_anew(path, undisturbed, tmp_path):
    folder = tmp_path / "moved"
    shutil.copytree(undisturbed, folder)
    teacher = folder / "seed-1" / "teachers" / "en"
    archives = {
        name: folder / "seed-1" / name / "model.tar.gz"
        for name in ("teachers/ru", "baseline", "posterior", "weighted_top_k_2")
    }
    before = {name: archive.stat().st_mtime_ns for name, archive in archives.items()}
    shutil.rmtree(teacher)
    assert distill(path, folder, "--jobs", 1) == 0
    changed = {name for name in archives if archives[name].stat().st_mtime_ns != before[name]}
    assert (teacher / "model.tar.gz").exists() and changed == {"posterior", "weighted_top_k_2"}
    assert_same_outcome(undisturbed, folder)


def test_a_mended_run_is_no_other_config(tmp_path, capsys):
    content = tiny.content([1], tiny.baseline())
    content["teachers"] = {}
    trainer = content["methods"][0]["config"]["trainer"]
    right = trainer["optimizer"]
    trainer["optimizer"] = {"type": "adam", "no_such": 1}
    assert distill(tiny.write(tmp_path / "x.jsonnet", content), tmp_path / "out") == 1
    trainer["optimizer"] = right
    assert distill(tiny.write(tmp_path / "x.jsonnet", content), tmp_path / "out") == 0


def test_a_trained_teacher_of_all_languages(teachers, tmp_path):
    """Its archive is not trained, and serves the students of all languages; one of them learns in phases."""
    taught = tiny.student("posterior", {"type": "posterior"})
    in_phases = json.loads(json.dumps(taught))
    for one in (taught, in_phases):
        archive = {"archive_file": "TEACHERS/all/model.tar.gz"}
        one["config"]["model"]["teachers"] = {"en": [archive], "ru": [archive]}
    in_phases["name"] = "phases"
    losses = in_phases["config"]["model"].pop("losses")
    trainer = in_phases["config"]["trainer"]
    callbacks = trainer.pop("callbacks")
    phases = [
        {"name": "one", "losses": losses, "trainer": {**trainer, "num_epochs": 1}},
        {"name": "two", "updates_per_epoch": 2, "trainer": trainer},
    ]
    in_phases["config"]["trainer"] = {"type": "phases", "callbacks": callbacks, "phases": phases}
    untaught = json.loads(json.dumps(in_phases))
    untaught["name"] = "phases_untaught"
    del untaught["config"]["trainer"]["phases"][0]["losses"]
    content = tiny.content([1], tiny.baseline(), taught, in_phases, untaught)
    content["teachers"] = {"all": {"archive_file": str(tmp_path / "teacher.tar.gz")}}
    shutil.copy(teachers / "en" / "model.tar.gz", tmp_path / "teacher.tar.gz")
    path = tiny.write(tmp_path / "x.jsonnet", content)
    assert distill(path, tmp_path / "out", "--jobs", 1, report=True) == 0
    rows = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {row["language"] for row in rows if row["method"] == "teachers"} == {"en", "ru"}
    finished = json.loads((tmp_path / "out" / "seed-1" / "phases" / "finished.json").read_text())
    assert finished["costs"]["updates"] == 8 + 3 * 2 and finished["costs"]["epochs"] == 4
    loaded = (tmp_path / "out" / "seed-1" / "teachers" / "all" / "model.tar.gz").read_bytes()
    assert loaded == (teachers / "en" / "model.tar.gz").read_bytes()

    # Another teacher, older than what it has not taught: those who learn from one are trained anew.
    shutil.copy2(teachers / "ru" / "model.tar.gz", tmp_path / "teacher.tar.gz")
    os.utime(tmp_path / "teacher.tar.gz", (0, 0))
    before = {
        name: torch.load(tmp_path / "out" / "seed-1" / name / "best.th")
        for name in ("baseline", "posterior", "phases", "phases_untaught")
    }
    assert distill(path, tmp_path / "out", "--jobs", 1) == 0
    assert distill(path, tmp_path / "anew", "--jobs", 1) == 0
    assert_same_outcome(tmp_path / "out", tmp_path / "anew")
    changed = {
        name
        for name, weights in before.items()
        if not all(
            torch.equal(weight, torch.load(tmp_path / "out" / "seed-1" / name / "best.th")[key])
            for key, weight in weights.items()
        )
    }
    assert changed == {"posterior", "phases"}


def test_a_folder_that_is_a_file(path, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert distill(path, tmp_path / "file") == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith(
        f"allennlp distill: error: -s {tmp_path}/file: expected a folder to write to ("
    )
