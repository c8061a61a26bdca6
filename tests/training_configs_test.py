"""Every shipped config is built, on the embedded corpora."""

import json
import shutil

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment

from skd_plugin import settings
from tests.runs import ROOT, allennlp, train

CONFIGS = ROOT / "training_configs"
TASKS = ["demo", "ner", "ud_pos"]
METHODS = ["emission", "top_k", "weighted_top_k", "posterior", "posterior_top_wk", "structural"]
STUDENTS = ["baseline", *METHODS]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The embedded corpora, laid out and named as the configs of each task expect."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copytree(ROOT / "fixtures" / "ner", folder / "ner")
    for name, treebank in {"en": "en_ewt", "fr": "fr_gsd"}.items():
        for split in ("train", "dev", "test"):
            source = (
                ROOT / "fixtures" / "pos" / ("de" if name == "fr" else name) / f"{split}.conllu"
            )
            target = folder / "ud_pos" / name / f"{treebank}-ud-{split}.conllu"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    shutil.copytree(ROOT / "fixtures" / "ner", folder / "demo")
    return folder


@pytest.fixture
def environment(monkeypatch, tmp_path, data):
    def set_up(task, **more):
        values = {
            "SKD_DATA": str(data / task),
            "SKD_LANGUAGES": "en,fr" if task == "ud_pos" else "en,de",
            "SKD_TEACHERS": str(tmp_path / "teachers"),
            "SKD_KNOWLEDGE": str(tmp_path / "knowledge"),
            "SKD_TRAIN_SENTENCES": "20",
            "SKD_EPOCHS": "1",
            **more,
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_up


@pytest.mark.parametrize("recipe", ["fast", "paper"])
@pytest.mark.parametrize("method", ["teacher", *STUDENTS])
@pytest.mark.parametrize("task", TASKS)
def test_config_is_built(environment, tmp_path, task, method, recipe):
    environment(task, SKD_RECIPE=recipe)
    params = Params.from_file(str(CONFIGS / task / f"{method}.jsonnet"))
    prepare_environment(params)
    loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
    assert (
        bool(loop.model.distillation.teachers)
        == bool(loop.model.distillation.losses)
        == (method in METHODS)
    )
    assert next(iter(loop.trainer.data_loader)).keys() >= {"tokens", "tags", "metadata"}


@pytest.mark.parametrize(
    "structure, method, expected",
    [
        ("crf", "teacher", "DistilledCrfTagger"),
        ("softmax", "teacher", "DistilledTagger"),
        ("spans", "teacher", "SpanTagger"),
        ("spans", "baseline", "SpanTagger"),
        ("softmax", "structural", "DistilledTagger"),
    ],
)
def test_structure_is_a_setting(environment, tmp_path, structure, method, expected):
    environment("ner", SKD_STRUCTURE=structure)
    params = Params.from_file(str(CONFIGS / "ner" / f"{method}.jsonnet"))
    prepare_environment(params)
    loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
    assert type(loop.model).__name__ == expected


@pytest.mark.parametrize(
    "task, structure, method, message",
    [
        ("ner", "spans", "structural", "spans can teach, not learn from teachers"),
        ("ud_pos", "spans", "teacher", "spans are for tasks whose tags encode spans"),
        ("ner", "tree", "teacher", "expected crf, softmax or spans"),
    ],
)
def test_refused_structures(environment, task, structure, method, message):
    environment(task, SKD_STRUCTURE=structure)
    with pytest.raises(RuntimeError, match=message):
        Params.from_file(str(CONFIGS / task / f"{method}.jsonnet"))


@pytest.mark.parametrize("task", TASKS)
def test_teachers_and_a_student_train(environment, tmp_path, task):
    for language in ("en", "fr" if task == "ud_pos" else "de"):
        environment(task, SKD_LANGUAGE=language)
        allennlp(
            "train", CONFIGS / task / "teacher.jsonnet", "-s", tmp_path / "teachers" / language
        )
    allennlp("train", CONFIGS / task / "posterior_top_wk.jsonnet", "-s", tmp_path / "student")
    metrics = json.loads((tmp_path / "student" / "metrics.json").read_text())
    assert "test_macro_accuracy" in metrics if task == "ud_pos" else "test_macro_f1" in metrics
    assert (tmp_path / "knowledge" / "data.mdb").exists()


def test_every_config_is_tested():
    found = {(path.parent.name, path.stem) for path in CONFIGS.rglob("*.jsonnet")}
    assert found == {(task, method) for task in TASKS for method in ["teacher", *STUDENTS]}


def test_every_setting_is_known():
    read = (CONFIGS / "lib" / "settings.libsonnet").read_text()
    assert all(f"'{name}'" in read for name in settings.SETTINGS)
    assert read.count("'SKD_") - read.count("std.extVar('SKD_LANGUAGES') == ''") == len(
        settings.SETTINGS
    )


def test_transformer_is_one_line(environment, tmp_path, tiny_transformer):
    """The change that task.libsonnet describes, made in a copy of the configs."""
    environment("ner")
    configs = tmp_path / "training_configs"
    shutil.copytree(CONFIGS, configs)
    task = configs / "ner" / "task.libsonnet"
    line = "local embedder = embedders.words_and_characters();"
    for call in (
        f"transformer('{tiny_transformer}', 16)",
        f"transformer('{tiny_transformer}', 16, frozen=true)",
    ):
        task.write_text(
            (CONFIGS / "ner" / "task.libsonnet")
            .read_text()
            .replace(line, f"local embedder = embedders.{call};")
        )
        params = Params.from_file(str(configs / "ner" / "baseline.jsonnet"))
        model = train(params.as_dict(quiet=True), tmp_path / f"run{len(call)}")
        frozen = "frozen" in call
        embedder = model.text_field_embedder
        assert all(parameter.requires_grad != frozen for parameter in embedder.parameters())
        groups = params.as_dict(quiet=True)["trainer"]["optimizer"].get("parameter_groups")
        assert groups == (
            None
            if frozen
            else [[["^text_field_embedder"], {"lr": 2e-5}], [["^crf\\."], {"lr": 0.003}]]
        )
