"""The shipped configs of MMKD, on the embedded corpora: encoder, tagger, student; suites are in a file of their own."""

import json

import pytest
import torch
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment

from skd_plugin.experiments import Experiment
from tests.layouts import write_ud_pos
from tests.models.mmkd import PARALLEL, make_teacher
from tests.runs import LANGUAGES, NER, ROOT, allennlp, metrics_of, train

CONFIGS = ROOT / "training_configs" / "mmkd"
EXPERIMENTS = ["mmkd", "mmkd_ner", "mmkd_ner_zero_shot", "mmkd_ud_pos", "mmkd_ud_pos_zero_shot"]
NAMES = ["encoder", "paws_x", "student", "tagger", "xnli", "xquad"]
# So small that it trains in ten seconds.
SMALL = {
    "data_loader.batch_sampler.batch_size": 16,
    "trainer.learning_rate_scheduler.warmup_steps": 10,
    "trainer.patience": 30,
    "trainer.optimizer.lr": 0.003,
    "model.encoder.input_dim": 32,
    "model.encoder.num_layers": 1,
    "model.encoder.feedforward_hidden_dim": 64,
    "model.text_field_embedder.token_embedders.word_pieces.embedding_dim": 32,
}


def config_of(name, **overrides):
    return Params.from_file(str(CONFIGS / f"{name}.jsonnet"), json.dumps(overrides))


@pytest.fixture(scope="module")
def folder(teachers, tmp_path_factory):
    """A folder with an encoder that the shipped config has trained, in the environment of small runs."""
    folder = tmp_path_factory.mktemp("mmkd")
    values = {
        "SKD_DATA": NER,
        "SKD_LANGUAGES": ",".join(LANGUAGES),
        "SKD_PARALLEL": PARALLEL,
        "SKD_TOKENIZER": folder / "tokenizer",
        "SKD_TRANSFORMER": make_teacher(folder / "english"),
        "SKD_TRANSFORMER_DIM": 32,
        "SKD_ENCODER": folder / "encoder" / "model.tar.gz",
        "SKD_TEACHERS": teachers,
        "SKD_TRAIN_SENTENCES": 20,
        "SKD_KNOWLEDGE": folder / "knowledge",
        "SKD_EPOCHS": 25,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, str(value))
        allennlp(
            "train-tokenizer", PARALLEL / "train.tsv", "-s", folder / "tokenizer", "--size", 400
        )
        train(config_of("encoder", **SMALL).as_dict(quiet=True), folder / "encoder")
        patch.setenv("SKD_EPOCHS", "1")
        yield folder


def test_every_config_is_tested():
    assert sorted(path.stem for path in CONFIGS.glob("*.jsonnet")) == NAMES


def test_translations_are_found(folder):
    metrics = metrics_of(folder / "encoder")
    # Of thirty candidates, by chance .033.
    assert metrics["best_validation_macro_cosine_p_at_1"] > 0.1
    assert metrics["training_sentence_alignment_loss"] < 0.15


def test_as_shipped(folder, tmp_path):
    params = config_of("encoder")
    prepare_environment(params)
    loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
    weights = loop.model.text_field_embedder.token_embedder_word_pieces.embedding.weight
    assert weights.std().item() == pytest.approx(1, abs=0.05)
    assert {objective.name for objective in loop.model.objectives} == {
        "translation_language_modeling",
        "word_contrastive",
        "sentence_alignment",
        "structure_alignment",
    }
    assert next(iter(loop.trainer.data_loader)).keys() == {"pivot", "other", "metadata"}


@pytest.mark.parametrize("name", ["tagger", "student"])
def test_a_tagger_above_it(folder, tmp_path, monkeypatch, name):
    """The width of the encoder is another here than in the config."""
    overrides = {"model.encoder.input_dim": 32}
    train(config_of(name, **overrides).as_dict(quiet=True), tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    assert "test_macro_f1" in metrics and metrics["training_loss"] > 0
    learnt = torch.load(tmp_path / "run" / "best.th")
    before = torch.load(folder / "encoder" / "best.th")
    prefix = "text_field_embedder.token_embedder_tokens."
    shared = [name for name in learnt if name.startswith(prefix)]
    assert len(shared) > 5
    for name in shared:  # they begin as the encoder's, and are learnt further
        torch.testing.assert_close(learnt[name], before[name[len(prefix) :]], atol=0.05, rtol=0.05)
    assert any(not torch.equal(learnt[name], before[name[len(prefix) :]]) for name in shared)


def test_experiment(folder, tmp_path, monkeypatch):
    """Each method's encoder is built, and as many updates are planned for all that learn."""
    monkeypatch.setenv("SKD_EPOCHS", "")
    monkeypatch.setenv("SKD_KNOWLEDGE", "")
    path = CONFIGS.parent / "experiments" / "mmkd.jsonnet"
    experiment = Experiment(str(path), str(tmp_path / "out"))
    assert experiment.seeds == [1, 2, 3] and experiment.metric == "p_at_1"
    assert experiment.languages("test") == ["cs", "de", "fr"]
    assert experiment.languages("zero_shot") == ["cs-de", "cs-fr", "de-fr"]
    learnt = {}
    for run in experiment._runs_of(1):
        config = run.config
        assert config["trainer"]["callbacks"][0]["store"]["path"] == str(
            tmp_path / "out/seed-0/knowledge"
        )
        updates = config["data_loader"]["batches_per_epoch"] * config["trainer"]["num_epochs"]
        assert updates == (1 if run.method == "untrained" else 600) and not run.needs
        prepare_environment(Params(config))
        params = Params({key: config[key] for key in config if not key.endswith("_seed")})
        loop = TrainModel.from_params(
            params=params, serialization_dir=str(tmp_path / run.name), local_rank=0
        )
        learnt[run.method] = sorted(objective.name for objective in loop.model.objectives)
    levels = ["sentence", "structure", "token", "word"]
    four = learnt["all"]
    assert len(four) == 4 and learnt["unweighted"] == learnt["uncertainty"] == four
    assert [learnt[level] for level in levels] == [[name] for name in four]
    assert [learnt[f"without_{level}"] for level in levels] == [
        [name for name in four if name != other] for other in four
    ]
    assert learnt["baseline"] == learnt["untrained"] == learnt["token"]


@pytest.mark.parametrize("is_zero_shot", [False, True])
@pytest.mark.parametrize("task", ["ner", "ud_pos"])
def test_experiment_of_taggers(folder, tmp_path, monkeypatch, task, is_zero_shot):
    """Taggers above encoders of the same seed, built and given a batch; the width is another than in the config."""
    for name in ("untrained", "baseline", "all"):
        archive = tmp_path / "encoders" / "seed-1" / name / "model.tar.gz"
        archive.parent.mkdir(parents=True)
        archive.symlink_to(folder / "encoder" / "model.tar.gz")
    data, languages = (NER, "de,en") if task == "ner" else (tmp_path / "ud-pos", "en,fr")
    for language in languages.split(",") if task == "ud_pos" else []:
        for split in ("train", "dev", "test"):
            write_ud_pos(data, language, split)
    for variable, value in {
        "DATA": data,
        "LANGUAGES": languages,
        "ENCODER": tmp_path / "encoders",
    }.items():
        monkeypatch.setenv(f"SKD_{variable}", str(value))
    name = f"mmkd_{task}" + ("_zero_shot" if is_zero_shot else "")
    path = CONFIGS.parent / "experiments" / f"{name}.jsonnet"
    experiment = Experiment(str(path), str(tmp_path / "out"))
    experiment.check_files()
    assert experiment.metric == ("f1" if task == "ner" else "accuracy")
    against = {method.name: method.against for method in experiment.methods}
    assert against["mmkd"] == ["baseline", "hidden_words"]
    assert against["words"] == ["baseline"] and against["baseline"] == []
    seen = ["en"] if is_zero_shot else languages.split(",")
    for run in experiment._runs_of(1):
        config = run.config
        assert sorted(config["train_data_path"]) == sorted(config["validation_data_path"]) == seen
        number = 1000 if is_zero_shot else 100
        assert config["dataset_reader"]["max_sentences_per_file"] == number
        assert sorted(run.evaluation["test"]) == seen
        unseen = set(languages.split(",")) - set(seen)
        assert set(run.evaluation.get("zero_shot", ())) == unseen
        if config["model"]["encoder"]["type"] == "pass_through":
            config["model"]["encoder"]["input_dim"] = 32
        prepare_environment(Params(config))
        params = Params({key: config[key] for key in config if not key.endswith("_seed")})
        loop = TrainModel.from_params(
            params=params, serialization_dir=str(tmp_path / run.name), local_rank=0
        )
        batch = next(iter(loop.trainer.data_loader))
        assert loop.model(**batch)["loss"].isfinite()
