"""Every shipped config is built, on the embedded corpora."""

import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment

from skd_plugin import settings
from skd_plugin.dataset_readers import UNLABELED
from tests.runs import ROOT, allennlp, train
from tests.shipped_experiments import EXPERIMENTS
from tests.training_configs_mmkd_test import EXPERIMENTS as OF_MMKD
from tests.training_configs_mmkd_test import NAMES as MMKD
from tests.training_configs_xtremedistil_test import STRATEGIES, TABLES

CONFIGS = ROOT / "training_configs"
TASKS = ["demo", "ner", "ud_pos"]
METHODS = ["emission", "top_k", "weighted_top_k", "posterior", "posterior_top_wk", "structural"]
STUDENTS = ["baseline", *METHODS]
WITH_UNLABELED_TEXT = [
    ("ner", "posterior_unlabeled"),
    ("ud_pos", "posterior_unlabeled"),
    ("ud_pos", "zero_shot"),
]


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
    (folder / "text").mkdir()
    for language in ("de", "en", "fr", "ru"):
        (folder / "text" / f"{language}.txt").write_text(f"{language} one\n{language} two\n" * 20)
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


def build(task, method, folder):
    """The model, and the training sentences: labelled or not, language and words."""
    params = Params.from_file(str(CONFIGS / task / f"{method}.jsonnet"))
    prepare_environment(params)
    loop = TrainModel.from_params(params=params, serialization_dir=str(folder), local_rank=0)
    sentences = []
    for instance in loop.trainer.data_loader.iter_instances():
        metadata = instance["metadata"].metadata
        labelled = instance["tags"].labels[0] != UNLABELED
        sentences.append((labelled, metadata["language"], " ".join(metadata["words"])))
    assert next(iter(loop.trainer.data_loader)).keys() >= {"tokens", "tags", "metadata"}
    return loop.model, sentences


@pytest.mark.parametrize("task, least", [("ner", 2), ("ud_pos", 1), ("demo", 1)])
@pytest.mark.parametrize("method", ["baseline", "posterior"])
def test_words_that_are_seen_too_rarely_are_unknown(environment, tmp_path, task, method, least):
    environment(task)
    model, sentences = build(task, method, tmp_path)
    counts = Counter(word.lower() for _, _, text in sentences for word in text.split())
    known = set(model.vocab.get_token_to_index_vocabulary("tokens"))
    known -= {model.vocab._padding_token, model.vocab._oov_token}
    assert known == {word for word, count in counts.items() if count >= least}
    assert 1 in counts.values()


def numbers(sentences):
    """How many sentences of each language are labelled, and how many are not."""
    return Counter((labelled, language) for labelled, language, _ in sentences)


@pytest.mark.parametrize("recipe", ["fast", "paper"])
@pytest.mark.parametrize("task", ["ner", "ud_pos"])
def test_rest_of_the_training_files_is_without_tags(environment, tmp_path, task, recipe):
    other = "fr" if task == "ud_pos" else "de"
    environment(task, SKD_RECIPE=recipe, SKD_UNLABELED_SENTENCES="30")
    model, sentences = build(task, "posterior_unlabeled", tmp_path / "one")
    expected = {(True, "en"): 20, (True, other): 20, (False, "en"): 30, (False, other): 30}
    assert numbers(sentences) == expected
    environment(task, SKD_TRAIN_SENTENCES="50", SKD_UNLABELED_SENTENCES="")
    _, everything = build(task, "baseline", tmp_path / "two")
    assert [sentence[1:] for sentence in everything if sentence[1] == "en"] == [
        sentence[1:] for sentence in sentences if sentence[1] == "en"
    ]
    assert sorted(model.distillation.teachers) == sorted(["en", other])


def test_how_many_training_sentences_keep_their_tags(environment, tmp_path):
    environment("ner", SKD_TRAIN_SENTENCES="")
    _, sentences = build("ner", "posterior_unlabeled", tmp_path)
    assert numbers(sentences) == {
        (labelled, language): 200 if labelled else 40
        for labelled in (True, False)
        for language in ("en", "de")
    }


@pytest.mark.parametrize("task", ["ner", "ud_pos"])
def test_text_of_the_users_own(environment, tmp_path, data, task):
    other = "fr" if task == "ud_pos" else "de"
    environment(task, SKD_UNLABELED=str(data / "text"), SKD_TRAIN_SENTENCES="")
    _, sentences = build(task, "posterior_unlabeled", tmp_path)
    found = numbers(sentences)
    assert found[False, "en"] == found[False, other] == 40
    assert found[True, "en"] > 120 and found[True, other] > 120  # all that there are
    assert {words for labelled, _, words in sentences if not labelled} == {
        f"{language} {number}" for language in ("en", other) for number in ("one", "two")
    }


def test_languages_of_no_teacher(environment, tmp_path, data):
    environment("ud_pos", SKD_ZERO_SHOT="de,ru", SKD_UNLABELED=str(data / "text"))
    model, sentences = build("ud_pos", "zero_shot", tmp_path)
    labelled = {(True, "en"): 20, (True, "fr"): 20}
    assert numbers(sentences) == {**labelled, (False, "de"): 40, (False, "ru"): 40}
    teachers = model.distillation.teachers
    assert {language: len(of) for language, of in teachers.items()} == {
        **{"en": 1, "fr": 1},
        **{"de": 2, "ru": 2},
    }


@pytest.mark.parametrize(
    "more, message",
    [
        ({"SKD_ZERO_SHOT": "de"}, "SKD_UNLABELED: expected the folder of the unlabelled text"),
        ({"SKD_UNLABELED": "text"}, "SKD_ZERO_SHOT: expected at least one language"),
        (
            {"SKD_UNLABELED": "text", "SKD_ZERO_SHOT": "de,fr"},
            "SKD_ZERO_SHOT: expected languages that are not among those with teachers",
        ),
    ],
)
def test_what_zero_shot_needs(environment, more, message):
    environment("ud_pos", **more)
    with pytest.raises(RuntimeError, match=message):
        Params.from_file(str(CONFIGS / "ud_pos" / "zero_shot.jsonnet"))


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
def test_teachers_and_students_train(environment, tmp_path, data, task):
    for language in ("en", "fr" if task == "ud_pos" else "de"):
        environment(task, SKD_LANGUAGE=language)
        allennlp(
            "train", CONFIGS / task / "teacher.jsonnet", "-s", tmp_path / "teachers" / language
        )
    allennlp("train", CONFIGS / task / "posterior_top_wk.jsonnet", "-s", tmp_path / "student")
    metrics = json.loads((tmp_path / "student" / "metrics.json").read_text())
    assert "test_macro_accuracy" in metrics if task == "ud_pos" else "test_macro_f1" in metrics
    assert (tmp_path / "knowledge" / "data.mdb").exists()
    for method in [method for name, method in WITH_UNLABELED_TEXT if name == task]:
        environment(task, SKD_UNLABELED_SENTENCES="20")
        if method == "zero_shot":
            environment(task, SKD_UNLABELED=str(data / "text"), SKD_ZERO_SHOT="de")
        allennlp("train", CONFIGS / task / f"{method}.jsonnet", "-s", tmp_path / method)
        metrics = json.loads((tmp_path / method / "metrics.json").read_text())
        assert np.isfinite(metrics["training_loss"]) and metrics["test_loss"] > 0


def test_every_config_is_tested():
    found = {(path.parent.name, path.stem) for path in CONFIGS.rglob("*.jsonnet")}
    methods = {(task, method) for task in TASKS for method in ["teacher", *STUDENTS]}
    experiments = {("experiments", name) for name in [*EXPERIMENTS, *TABLES, *OF_MMKD]}
    xtremedistil = {("xtremedistil", name) for name in ["teacher", *STRATEGIES]}
    mmkd = {("mmkd", name) for name in MMKD}
    assert found == methods | set(WITH_UNLABELED_TEXT) | experiments | xtremedistil | mmkd


def test_every_setting_is_known():
    read = (CONFIGS / "lib" / "settings.libsonnet").read_text()
    assert set(re.findall(r"'(SKD_\w+)'", read)) == set(settings.SETTINGS)


def test_transformer_is_one_line(environment, tmp_path, tiny_transformer):
    """The change that lib/task.libsonnet describes, made in a copy of the configs."""
    environment("ner")
    configs = tmp_path / "training_configs"
    shutil.copytree(CONFIGS, configs)
    task = configs / "ner" / "task.libsonnet"
    line = "task('ner') {"
    for call in (
        f"transformer('{tiny_transformer}', 16)",
        f"transformer('{tiny_transformer}', 16, frozen=true)",
    ):
        content = (CONFIGS / "ner" / "task.libsonnet").read_text()
        assert line in content
        embedder = f"(import '../lib/embedders.libsonnet').{call}"
        task.write_text(content.replace(line, f"task('ner', {embedder}) {{"))
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
