"""The shipped configs of XNLI, PAWS-X and XQuAD, on the embedded files, above a small encoder."""

import json
import shutil

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.predictors import Predictor

from tests.models.mmkd import mmkd_config
from tests.runs import ROOT, allennlp, metrics_of, train

CONFIGS = ROOT / "training_configs" / "mmkd"
SUITES = ROOT / "fixtures" / "suites"
LANGUAGES = ["de", "en", "fr"]
METRICS = {"xnli": ["accuracy"], "paws_x": ["accuracy"], "xquad": ["em", "f1"]}
DIM = 16  # of the small encoder
LINES = {
    "xnli": {"sentence1": "The shop is shut.", "sentence2": "Der Laden ist zu."},
    "paws_x": {"sentence1": "The shop is shut.", "sentence2": "Der Laden ist zu."},
    "xquad": {"question": "Wer kam?", "context": "Gestern kam Anna aus Rom."},
}


def config_of(name):
    """The width of the encoder is another here than in the config, and its embedder reads words."""
    overrides = {"model.encoder.input_dim": DIM, "trainer.learning_rate_scheduler.warmup_steps": 2}
    if name != "xquad":
        overrides["model.feedforward.input_dim"] = 4 * DIM
    config = Params.from_file(str(CONFIGS / f"{name}.jsonnet"), json.dumps(overrides))
    return config.as_dict(quiet=True)


@pytest.fixture(scope="module")
def encoder(tiny_transformer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites") / "encoder"
    config = mmkd_config(tiny_transformer)
    config["trainer"]["num_epochs"] = 1
    train(config, folder)
    return folder


@pytest.fixture
def environment(encoder, monkeypatch):
    values = {
        "SKD_LANGUAGES": ",".join(LANGUAGES),
        "SKD_ENCODER": encoder / "model.tar.gz",
        "SKD_EPOCHS": 2,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))
    return monkeypatch


@pytest.mark.parametrize("name", METRICS)
def test_encoder_is_fine_tuned_and_tested_in_each_language(environment, encoder, tmp_path, name):
    environment.setenv("SKD_DATA", str(SUITES / name))
    train(config_of(name), tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    for metric in METRICS[name]:
        tested = [metrics[f"test__{language}_{metric}"] for language in LANGUAGES]
        assert metrics[f"test_macro_{metric}"] == pytest.approx(sum(tested) / 3)
        # Chosen by English alone.
        assert f"validation__en_{metric}" in metrics and f"validation__de_{metric}" not in metrics
    learnt, before = (torch.load(folder / "best.th") for folder in (tmp_path / "run", encoder))
    prefix = "text_field_embedder.token_embedder_tokens.encoder."
    shared = [weight for weight in learnt if weight.startswith(prefix)]
    assert len(shared) == 8
    assert not any(
        torch.equal(learnt[weight], before[f"encoder.{weight[len(prefix):]}"]) for weight in shared
    )


@pytest.mark.parametrize("name", METRICS)
def test_archive_predicts_and_is_evaluated(environment, tmp_path, name):
    environment.setenv("SKD_DATA", str(SUITES / name))
    config = config_of(name)
    config["trainer"]["num_epochs"] = 1
    train(config, tmp_path / "run")
    archive, line = tmp_path / "run" / "model.tar.gz", LINES[name]
    (tmp_path / "in.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps(line)}\n")
    allennlp("predict", archive, tmp_path / "in.jsonl", "--output-file", tmp_path / "out.jsonl")
    answers = [json.loads(answer) for answer in (tmp_path / "out.jsonl").open(encoding="utf-8")]
    first = next(iter(line))  # what is asked is said again
    assert answers[0] == answers[1] and answers[0][first] == line[first]
    test = json.dumps({"de": config["test_data_path"]["de"]})
    allennlp("evaluate", archive, test, "--output-file", tmp_path / "metrics.json")
    found = json.loads((tmp_path / "metrics.json").read_text())
    expected = {f"{prefix}_{metric}" for metric in METRICS[name] for prefix in ("_de", "macro")}
    assert set(found) == {*expected, "loss"}
    for metric in expected & {f"_de_{metric}" for metric in METRICS[name]}:
        assert found[metric] == pytest.approx(metrics_of(tmp_path / "run")[f"test_{metric}"])


def test_archive_needs_that_of_its_encoder(environment, encoder, tmp_path):
    environment.setenv("SKD_DATA", str(SUITES / "paws_x"))
    shutil.copytree(encoder, tmp_path / "encoder")
    environment.setenv("SKD_ENCODER", str(tmp_path / "encoder" / "model.tar.gz"))
    train(config_of("paws_x"), tmp_path / "run")
    assert Predictor.from_path(str(tmp_path / "run")).predict("One.", "Two.")["label"] in ("0", "1")
    shutil.rmtree(tmp_path / "encoder")
    with pytest.raises(
        ConfigurationError, match="expected an archive, or a serialization directory"
    ):
        Predictor.from_path(str(tmp_path / "run"))


@pytest.mark.parametrize("name", METRICS)
def test_as_shipped(environment, name):
    """The encoder learns more slowly than what is above it, and fewer instances are read if so set."""
    environment.setenv("SKD_TRAIN_SENTENCES", "5")
    config = Params.from_file(str(CONFIGS / f"{name}.jsonnet")).as_dict(quiet=True)
    assert config["trainer"]["optimizer"]["parameter_groups"] == [
        [["^text_field_embedder"], {"lr": 0.0001}]
    ]
    assert config["dataset_reader"]["max_instances"] == 5
    assert "max_instances" not in config["validation_dataset_reader"]
    assert sorted(config["test_data_path"]) == LANGUAGES
