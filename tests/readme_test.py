"""What the README says is so."""

import json
import re
import subprocess
import sys

import pytest
from _jsonnet import evaluate_snippet
from allennlp.common import Params

from skd_plugin import compatibility, settings
from tests.registered_names import README, with_table
from tests.runs import ROOT, allennlp, metrics_of, student_config, train
from tests.training.phased import phased

MODELS = (
    "answer_finder",
    "distilled_crf_tagger",
    "distilled_tagger",
    "mmkd_encoder",
    "pair_classifier",
)
TEXT = README.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_table_of_names_is_up_to_date():
    assert with_table(TEXT) == TEXT, "run: python -m tests.registered_names"


def test_settings():
    for name, meaning in settings.SETTINGS.items():
        assert f"| `{name}` | {meaning} |" in TEXT


def test_installation():
    assert compatibility.INSTALL_MODERN in TEXT
    makefile = (ROOT / "Makefile").read_text()
    for package in ("fairscale==0.4.6", "allennlp==2.10.1 allennlp-models==2.10.1"):
        assert package in TEXT and package in makefile


def test_links_and_files():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", TEXT):
        assert (ROOT / target).exists(), target


def test_config(teachers, tmp_path, monkeypatch):
    (config,) = blocks("jsonnet")
    for name in ("fixtures", "teachers"):
        (tmp_path / name).symlink_to(ROOT / name if name == "fixtures" else teachers)
    (tmp_path / "config.jsonnet").write_text(config)
    monkeypatch.chdir(tmp_path)
    allennlp("train", "config.jsonnet", "-s", "run", "--include-package", "skd_plugin")
    assert metrics_of(tmp_path / "run")["epoch"] == 1
    assert (tmp_path / "knowledge" / "data.mdb").exists()


def test_serving(student, tmp_path, monkeypatch):
    code, *_ = blocks("python")
    monkeypatch.chdir(tmp_path)
    allennlp("export", student / "model.tar.gz", "serving/ner", "--int8")
    found = {}
    exec(compile(code, "README", "exec"), found)
    assert [len(path) for path in found["tags"]] == [6]


def test_phases(teachers, tmp_path):
    (trainer,) = re.findall(r"^    trainer: (\{\n(?:     .*\n)+    \})\n", TEXT, re.MULTILINE)
    config = phased(teachers)
    config["trainer"] = json.loads(evaluate_snippet("README.md", trainer))
    for phase in config["trainer"]["phases"]:
        phase["trainer"]["num_epochs"] = 1
    config["trainer"]["phases"][0]["losses"][0]["teacher_dim"] = 16  # of the small teachers
    train(config, tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    assert [metrics[f"{name}_epochs"] for name in ("states", "logits", "labels")] == [1, 1, 1]


def test_extensions(teachers, tmp_path):
    _, reader, loss, teacher = blocks("python")
    for code in (loss, teacher):
        exec(compile(code, "README", "exec"), {"__name__": "readme"})
    config = student_config(teachers, losses=[{"type": "expected_errors"}])
    config["model"]["teachers"]["en"].append({"type": "capitals"})
    train(config, tmp_path / "run")
    assert metrics_of(tmp_path / "run")["epoch"] == 1
    assert "SlashedReader" in reader  # trained with in user_plugin_test.py


@pytest.mark.parametrize(
    "command", re.findall(r"^    (?:SKD_LANGUAGE=\w+ )?allennlp (.*)$", TEXT, re.MULTILINE)
)
def test_commands_are_known(command, monkeypatch):
    arguments = command.split()
    assert arguments[0] in ("train", "predict", "evaluate", "export")
    if arguments[0] == "train":
        monkeypatch.setenv("SKD_LANGUAGES", "de,en")
        assert Params.from_file(str(ROOT / arguments[1]))["model"]["type"] in MODELS


def test_structures_need_torch_alone():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import structures; "
        "print([name for name in sys.modules if 'allennlp' in name])"
    )
    printed = subprocess.check_output(
        [sys.executable, "-c", code, str(ROOT / "skd_plugin")], universal_newlines=True
    )
    assert json.loads(printed) == []
