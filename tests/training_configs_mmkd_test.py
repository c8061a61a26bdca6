"""The shipped configs of MMKD, on the embedded corpora: encoder, tagger, student; suites are in a file of their own."""

import json

import pytest
import torch
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment

from tests.models.mmkd import PARALLEL, make_teacher
from tests.runs import LANGUAGES, NER, ROOT, allennlp, metrics_of, train

CONFIGS = ROOT / "training_configs" / "mmkd"
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
