"""AllenNLP's commands on the demo's configs, as a user types them."""

import json
import os
import re
import runpy
import subprocess
import sys
import time

import pytest

from tests.processes import Forked
from tests.runs import NER, ROOT, allennlp, logging_kept, metrics_of

DEMO = ROOT / "training_configs" / "demo"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return {
        "SKD_DATA": str(NER),
        "SKD_LANGUAGES": "en,ru",
        "SKD_TEACHERS": str(folder / "teachers"),
        "SKD_KNOWLEDGE": str(folder / "knowledge"),
        "SKD_TRAIN_SENTENCES": "40",
        "SKD_EPOCHS": "2",
        "OMP_NUM_THREADS": "1",
    }


def run(environment, *arguments):
    """Runs a command, and Python itself, in a process of its own; returns what it printed."""
    result = subprocess.run(
        [sys.executable, "-m", "allennlp", *map(str, arguments)],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    return result.stdout


def forked(environment, folder, *arguments):
    """Begins a command in a process that imports nothing again."""
    output = folder / "printed.txt"
    return Forked(allennlp, *arguments, output=output, environment=environment)


def run_forked(environment, folder, *arguments):
    """Runs one; returns what it printed."""
    process = forked(environment, folder, *arguments)
    assert process.end() == 0, process.printed[-3000:]
    return process.printed


@pytest.fixture(scope="module")
def trained(environment, tmp_path_factory):
    """The serialization directory of a student of the demo, trained in a process of its own."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for language in ("en", "ru"):
            patch.setenv("SKD_LANGUAGE", language)
            target = os.path.join(environment["SKD_TEACHERS"], language)
            allennlp("train", DEMO / "teacher.jsonnet", "-s", target)
    run_forked(environment, folder, "train", DEMO / "posterior.jsonnet", "-s", folder / "run")
    return folder / "run"


def test_train(trained):
    metrics = metrics_of(trained)
    assert metrics["epoch"] == 1 and 0 <= metrics["test_macro_f1"] <= 1
    assert metrics["test_macro_f1"] == pytest.approx(
        (metrics["test__en_f1"] + metrics["test__ru_f1"]) / 2
    )


def test_plugins_file_makes_the_flag_optional(environment, trained):
    """And the progress bar shows only the macro."""
    printed = run(environment, "evaluate", trained / "model.tar.gz", NER / "en" / "dev.txt")
    bar = re.findall(r"[^\r\n]*\|\|[^\r\n]*", printed)[-1]
    assert "macro_f1" in bar and "_en_" not in bar and "_und_" not in bar


def test_module_is_the_command(trained, tmp_path, monkeypatch):
    """That it registers the plugin is in `commands/knowledge_test`."""
    output = tmp_path / "metrics.json"
    arguments = ["evaluate", trained / "model.tar.gz", NER / "ru" / "dev.txt"]
    monkeypatch.setattr(
        sys, "argv", ["skd_plugin", *map(str, arguments), "--output-file", str(output)]
    )
    with logging_kept():
        runpy.run_module("skd_plugin", run_name="__main__")
    assert "macro_f1" in json.loads(output.read_text())


def test_evaluate_languages(trained, tmp_path):
    data = json.dumps({"en": str(NER / "en" / "test.txt"), "ru": str(NER / "ru" / "test.txt")})
    allennlp("evaluate", trained / "model.tar.gz", data, "--output-file", tmp_path / "metrics.json")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    expected = {
        name[5:]: value for name, value in metrics_of(trained).items() if name.startswith("test_")
    }
    assert {name: metrics[name] for name in expected if name != "loss"} == {
        name: value for name, value in expected.items() if name != "loss"
    }


def test_predict(trained, tmp_path):
    (tmp_path / "input.jsonl").write_text(
        '{"sentence": "Anna Keller moved to Lima.", "language": "en"}\n'
    )
    output = tmp_path / "output.jsonl"
    allennlp(
        "predict",
        trained / "model.tar.gz",
        tmp_path / "input.jsonl",
        "--output-file",
        output,
        "--silent",
    )
    assert json.loads(output.read_text())["tokens"] == [
        "Anna",
        "Keller",
        "moved",
        "to",
        "Lima",
        ".",
    ]


@pytest.mark.parametrize("config", ["baseline", "posterior"])
def test_find_lr(environment, trained, tmp_path, monkeypatch, config):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    arguments = ["-s", tmp_path / "lr", "--num-batches", 12, "--force"]
    allennlp("find-lr", DEMO / f"{config}.jsonnet", *arguments)
    assert (tmp_path / "lr" / "lr-losses.png").exists()


def test_build_vocab(environment, tmp_path, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    allennlp("build-vocab", DEMO / "posterior.jsonnet", tmp_path / "vocabulary.tar.gz")
    assert (tmp_path / "vocabulary.tar.gz").exists()


def test_distributed(environment, trained, tmp_path):
    """Two processes train, share the knowledge, and report metrics of all data."""
    overrides = {"distributed": {"cuda_devices": [-1, -1]}, "trainer.cuda_device": -1}
    knowledge = {"SKD_KNOWLEDGE": str(tmp_path / "knowledge")}
    arguments = ["train", DEMO / "posterior_top_wk.jsonnet", "-s", tmp_path / "run"]
    run_forked({**environment, **knowledge}, tmp_path, *arguments, "-o", json.dumps(overrides))
    metrics = metrics_of(tmp_path / "run")
    for split, name in (("dev", "best_validation_"), ("test", "test_")):
        data = json.dumps(
            {language: str(NER / language / f"{split}.txt") for language in ("en", "ru")}
        )
        output = tmp_path / f"{split}.json"
        allennlp("evaluate", tmp_path / "run" / "model.tar.gz", data, "--output-file", output)
        for key, value in json.loads(output.read_text()).items():
            if key != "loss":
                assert metrics[name + key] == pytest.approx(value), (split, key)


def test_force(environment, trained, tmp_path):
    arguments = ["train", DEMO / "posterior.jsonnet", "-s", tmp_path / "run"]
    run_forked(environment, tmp_path, *arguments)
    first = metrics_of(tmp_path / "run")
    run_forked(environment, tmp_path, *arguments, "--force")
    assert metrics_of(tmp_path / "run") == first


def test_recover_after_a_kill(environment, trained, tmp_path):
    environment = {
        **environment,
        "SKD_EPOCHS": "6",
        "SKD_KNOWLEDGE": str(tmp_path / "knowledge"),
    }
    arguments = ["train", DEMO / "posterior.jsonnet", "-s", tmp_path / "run"]
    process = forked(environment, tmp_path, *arguments).process
    while not list((tmp_path / "run").glob("training_state_e2_*.th")):
        assert process.exitcode is None
        time.sleep(0.01)
    process.kill()
    process.join()
    assert not (tmp_path / "run" / "metrics.json").exists()
    printed = run_forked(environment, tmp_path, *arguments, "--recover")
    assert "asking the teachers" not in printed
    assert '"en": 40 of 40 sentences are cached' in printed
    assert metrics_of(tmp_path / "run")["epoch"] == 5
