"""The shipped configs of XtremeDistil, on the embedded corpora with a tiny transformer."""

import json
import re

import pytest
import torch
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment
from allennlp.models import load_archive
from transformers import BertModel

from skd_plugin.dataset_readers.sentence import is_labeled
from skd_plugin.experiments import Experiment
from skd_plugin.predictors import MultilingualTaggerPredictor
from skd_plugin.teachers import ArchiveTeacher
from tests.runs import NER, ROOT, metrics_of, train
from tests.training.phased import interrupted

CONFIGS = ROOT / "training_configs" / "xtremedistil"
STAGES = ["logits", "labels"]
LAYERS = ["head", "projection", "encoder", "embeddings"]
NINE = ["representation", *(f"{stage}_{layer}" for stage in STAGES for layer in LAYERS)]
STRATEGIES = {
    "d0_s": ["labels"],
    "d1": ["joint"],
    "d2": ["joint"],
    "d3_1": ["representation", "joint"],
    "d3_2": ["representation", *(f"joint_{layer}" for layer in LAYERS)],
    "d4_1": ["representation", "logits", "labels"],
    "d4_2": NINE,
    "d4_2_cosine": NINE,
    "joint_then_labels": ["joint", "labels"],
    "logits_then_labels": ["logits", "labels"],
    "posterior_then_labels": ["posterior", "labels"],
    "structural_then_labels": ["structural", "labels"],
    "small_transformer": ["structural", "labels"],
}

TABLES = {
    "xtremedistil": [
        *("d1", "d2", "d3_1", "d3_2", "d4_1", "d4_2"),
        *("logits_then_labels", "joint_then_labels", "posterior_then_labels"),
        *("logits_then_labels_crf", "structural_then_labels_crf"),
    ],
    "xtremedistil_few_labels": [
        *("d1", "logits_then_labels", "posterior_then_labels", "structural_then_labels_crf"),
    ],
    "xtremedistil_large": ["posterior_then_labels", "structural_then_labels_crf"],
    "xtremedistil_to_convergence": ["d4_1", "d4_2"],
    "xtremedistil_transformer": ["structural_then_labels_crf"],
}


@pytest.fixture(scope="module")
def settings(tiny_transformer, tmp_path_factory):
    """The environment of small runs, with a teacher, which the shipped config has trained."""
    folder = tmp_path_factory.mktemp("xtremedistil")
    values = {
        "SKD_DATA": str(NER),
        "SKD_LANGUAGES": "en,de",
        "SKD_TRANSFORMER": str(tiny_transformer),
        "SKD_TRANSFORMER_DIM": "16",
        "SKD_TEACHERS": str(folder),
        "SKD_TEACHER_SENTENCES": "40",
        "SKD_TRAIN_SENTENCES": "20",
        "SKD_UNLABELED_SENTENCES": "40",
        "SKD_KNOWLEDGE": str(folder / "knowledge"),
        "SKD_EPOCHS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        train(config_of("teacher"), folder / "all")
    return values


@pytest.fixture(autouse=True)
def environment(settings, monkeypatch):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def config_of(name, **changes):
    """A shipped config, with vectors that a transformer of 16 features can be reduced to, or its one layer."""
    config = Params.from_file(str(CONFIGS / f"{name}.jsonnet")).as_dict(quiet=True)
    embedders = config["model"]["text_field_embedder"]["token_embedders"]
    if "word_pieces" in embedders:
        embedders["word_pieces"]["embedding_dim"] = 8
        config["model"]["encoder"]["input_size"] = 8
    elif name == "small_transformer":
        embedders["tokens"]["layers"] = [1]
    return {**config, **changes}


def test_all_are_known():
    found = {path.stem for path in CONFIGS.glob("*.jsonnet")}
    assert found == {*STRATEGIES, "teacher"}


@pytest.mark.parametrize("name", STRATEGIES)
def test_config_is_built(tmp_path, name):
    params = Params(config_of(name))
    prepare_environment(params)
    loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
    assert [phase.name for phase in loop.trainer._phases] == STRATEGIES[name]
    assert hasattr(loop.model, "crf") == (name in ("structural_then_labels", "small_transformer"))
    instances = list(loop.trainer._data_loader.iter_instances())
    assert [sum(map(is_labeled, instances)), len(instances)] == [40, 40 + 2 * 40]


def test_layers_are_all_weights(tmp_path):
    """Gradual unfreezing ends with all of them."""
    for name in ("d4_2", "structural_then_labels", "small_transformer"):
        params = Params(config_of(name))
        prepare_environment(params)
        loop = TrainModel.from_params(
            params=params, serialization_dir=str(tmp_path / name), local_rank=0
        )
        layers = config_of("d4_2")["trainer"]["phases"][-1]["parameters"]
        assert len(layers) == 4
        for weight, _ in loop.model.named_parameters():
            assert sum(bool(re.search(layer, weight)) for layer in layers) == 1, weight


@pytest.fixture(scope="module")
def nine_phases(settings, tmp_path_factory):
    """The nine phases of the paper, of two short epochs each."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        config = short(config_of("d4_2"))
    folder = tmp_path_factory.mktemp("nine") / "run"
    with pytest.MonkeyPatch.context() as patch:
        read = count_sentences(patch)
        train(config, folder)
    return config, folder, read


def short(config):
    for phase in config["trainer"]["phases"]:
        phase["updates_per_epoch"] = 3
        phase["trainer"].update(num_epochs=2, patience=2)
    return config


def count_sentences(patch):
    """What the teachers are asked about from now on."""
    read = []
    answer = ArchiveTeacher.answer

    def count(self, sentences, layers=()):
        read.extend(tuple(words) for words in sentences)
        return answer(self, sentences, layers)

    patch.setattr(ArchiveTeacher, "answer", count)
    return read


def test_nine_phases(nine_phases):
    _, folder, read = nine_phases
    metrics = metrics_of(folder)
    for name in NINE:
        assert metrics[f"{name}_updates"] == 6, name
    assert "test_macro_f1" in metrics
    # 40 unlabelled sentences and the development set of each of two languages, each read once for all phases.
    dev = sum(
        len((NER / language / "dev.txt").read_text(encoding="utf-8").strip().split("\n\n"))
        for language in ("en", "de")
    )
    assert len(read) == len(set(read)) == 2 * 40 + dev


@pytest.mark.parametrize("number", [1, 4, 8])
def test_nine_phases_go_on_where_they_were(nine_phases, tmp_path, monkeypatch, number):
    config, whole, _ = nine_phases
    with monkeypatch.context() as patch:
        interrupted(patch, 6 * (number - 1) + 5)  # in the second epoch
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "run")
    assert len(list((tmp_path / "run").glob("phase-*/finished.json"))) == number - 1
    train(config, tmp_path / "run", recover=True)
    assert metrics_of(tmp_path / "run") == metrics_of(whole)
    once, resumed = (torch.load(folder / "best.th") for folder in (whole, tmp_path / "run"))
    assert all(torch.equal(weights, resumed[name]) for name, weights in once.items())


def test_archive_predicts_without_teacher(nine_phases, tiny_transformer):
    _, folder, _ = nine_phases
    config = json.loads((folder / "config.json").read_text())
    assert config["model"]["teachers"]
    archive = load_archive(folder / "model.tar.gz")
    predictor = MultilingualTaggerPredictor.from_archive(archive)
    predicted = predictor.predict_json({"tokens": ["Anna", "moved", "to", "Paris"]})
    assert len(predicted["tags"]) == 4
    reader = config["dataset_reader"]["labeled"]["token_indexers"]["word_pieces"]
    assert reader["model_name"] == str(tiny_transformer)


def test_small_transformer(settings, three_layers, tmp_path, monkeypatch):
    """A student begins with the first layer of a larger transformer."""
    monkeypatch.setenv("SKD_TRANSFORMER", str(three_layers))
    params = Params(config_of("small_transformer"))
    prepare_environment(params)
    model = TrainModel.from_params(
        params=params, serialization_dir=str(tmp_path / "begun"), local_rank=0
    ).model
    begun = transformer_of(model).state_dict()
    expected = BertModel.from_pretrained(three_layers).state_dict()
    assert [name for name in expected if name not in begun] == [
        name for name in expected if re.search(r"layer\.[12]\.", name)
    ]
    assert all(torch.equal(weights, expected[name]) for name, weights in begun.items())

    train(short(config_of("small_transformer")), tmp_path / "run")
    assert metrics_of(tmp_path / "run")["labels_updates"] == 6
    archive = load_archive(tmp_path / "run" / "model.tar.gz")
    learnt = transformer_of(archive.model).state_dict()
    assert not all(torch.equal(weights, begun[name]) for name, weights in learnt.items())
    predictor = MultilingualTaggerPredictor.from_archive(archive)
    assert len(predictor.predict_json({"tokens": ["Anna", "moved"]})["tags"]) == 2


def transformer_of(model):
    (embedder,) = [one for one in model.modules() if isinstance(one, BertModel)]
    return embedder


def test_equal_lengths(monkeypatch):
    """Of every strategy as many updates, whatever its phases."""
    monkeypatch.setenv("SKD_EPOCHS", "")
    from allennlp.common.params import _environment_variables, evaluate_snippet  # type: ignore

    code = (
        f"local phases = import '{CONFIGS}/phases.libsonnet';"
        f"local task = import '{CONFIGS}/task.libsonnet';"
        "phases.strategies(task, phases.equal(20))"
    )
    strategies = json.loads(evaluate_snippet("x", code, ext_vars=_environment_variables()))
    for name, phases in strategies.items():
        assert sum(phase["trainer"]["num_epochs"] for phase in phases) == 20, name
        assert {phase["updates_per_epoch"] for phase in phases} == {100}


@pytest.mark.parametrize("name", TABLES)
def test_experiment(settings, name, tmp_path, monkeypatch):
    """Its teacher is trained already; what its students are, the tests above build."""
    for variable in ("SKD_TEACHERS", "SKD_KNOWLEDGE"):
        monkeypatch.setenv(variable, "")
    archive = f"{settings['SKD_TEACHERS']}/all/model.tar.gz"
    monkeypatch.setenv("SKD_TEACHER", archive)
    experiment = Experiment(str(CONFIGS.parent / "experiments" / f"{name}.jsonnet"), "out")
    assert experiment.seeds == [1, 2, 3] and experiment.metric == "f1"
    assert [method.name for method in experiment.methods] == ["baseline", *TABLES[name]]
    experiment.check_files()
    runs = {run.name: run for run in experiment._runs_of(1)}
    assert runs["seed-1/teachers/all"].config == {"archive_file": archive}
    assert ("seed-1/teachers/d0/de" in runs) == (name == "xtremedistil")
    sizes = set()
    for method in TABLES[name]:
        config = runs[f"seed-1/{method}"].config
        assert config["model"]["teachers"]["de"] == [
            {"archive_file": "out/seed-1/teachers/all/model.tar.gz"}
        ]
        assert config["trainer"]["callbacks"][0]["store"]["path"] == "out/seed-1/knowledge"
        assert config["random_seed"] == 1 and config["evaluate_on_test"] is False
        is_crf = config["model"]["type"] == "distilled_crf_tagger"
        assert is_crf == method.endswith("_crf")
        sizes.add(config["model"]["encoder"].get("hidden_size"))
    unlike = {"xtremedistil_large": 200, "xtremedistil_transformer": None}
    assert sizes == {unlike.get(name, 100)}
