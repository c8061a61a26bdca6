"""The student: its loss, its archive, and what it keeps of its teachers (nothing)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.testing import ModelTestCase
from allennlp.data import Batch, DatasetReader, Vocabulary
from allennlp.models import Model, load_archive
from allennlp.predictors import Predictor

from skd_plugin.knowledge import KnowledgeBatch
from skd_plugin.knowledge.knowledge import Knowledge
from skd_plugin.losses import Progress
from skd_plugin.modules.crf_chain import crf_chain
from tests.runs import LANGUAGES, NER, allennlp, metrics_of, student_config, tagger_config, train


class FakeKnowledge:
    """Knows the first sentence of a batch and no other."""

    def __init__(self, model):
        self.model = model

    def batch(self, metadata, num_tokens, device):
        num_tags = self.model.vocab.get_vocab_size("labels")
        num_words = len(metadata[0]["words"])
        knowledge = Knowledge(
            paths=np.zeros((1, num_words), dtype=np.uint8),
            path_log_probs=np.zeros(1, dtype=np.float32),
            num_paths_asked=1,
            log_posteriors=np.full((num_words, num_tags), -np.log(num_tags), dtype=np.float16),
        )
        known = (knowledge, np.arange(num_tags))
        others = [None] * (len(metadata) - 1)
        return KnowledgeBatch.collate(
            [known, *others], self.model.distillation.request, num_tokens, num_tags, device
        )


@pytest.fixture(scope="module")
def batch_and_vocab():
    reader = DatasetReader.from_params(Params(tagger_config(LANGUAGES)["dataset_reader"]))
    instances = list(reader.read({"en": str(NER / "en" / "dev.txt")}))[:4]
    vocab = Vocabulary.from_instances(instances)
    batch = Batch(instances)
    batch.index_instances(vocab)
    return batch.as_tensor_dict(), vocab


def build(vocab, **parameters):
    torch.manual_seed(0)
    return Model.from_params(Params(tagger_config(LANGUAGES, **parameters)["model"]), vocab=vocab)


def build_student(vocab, teachers, **parameters):
    teacher = {"archive_file": str(teachers / "en" / "model.tar.gz")}
    model = build(vocab, teachers={"en": [teacher]}, **parameters)
    model.distillation.learn_from(FakeKnowledge(model))
    return model.train()


def test_without_teachers_the_loss_is_the_mean_nll(batch_and_vocab):
    batch, vocab = batch_and_vocab
    model = build(vocab)
    output = model(**batch)
    nll = -model.crf(output["logits"], batch["tags"], output["mask"]) / len(batch["metadata"])
    torch.testing.assert_close(output["loss"], nll)


@pytest.mark.parametrize("reduction, divisor", [("mean", 4.0), ("sum", 1.0)])
def test_loss_mixes_teachers_and_gold_and_falls_back_to_gold(
    batch_and_vocab, teachers, reduction, divisor
):
    batch, vocab = batch_and_vocab
    losses = [{"type": "posterior", "weight": 3.0}, {"type": "weighted_top_k", "k": 1}]
    schedule = {"type": "linear_by_epoch", "rate": 10}
    model = build_student(
        vocab, teachers, losses=losses, loss_reduction=reduction, schedule=schedule
    )
    model.distillation.advance(Progress(epoch=3))
    output = model(**batch)

    chain = crf_chain(model.crf, output["logits"], output["mask"])
    nll = -chain.log_prob(batch["tags"])
    knowledge = FakeKnowledge(model).batch(batch["metadata"], output["mask"].size(1), nll.device)
    posterior, top = (loss(chain, knowledge)[0] for loss in model.distillation.losses)
    distillation = (3 * posterior + top) / divisor
    expected = (0.7 * distillation + 0.3 * nll[0] + nll[1:].sum()) / len(nll)
    torch.testing.assert_close(output["loss"], expected)


def test_unlabeled_sentence_has_no_nll(batch_and_vocab, teachers):
    batch, vocab = batch_and_vocab
    losses = [{"type": "posterior"}]
    model = build_student(
        vocab, teachers, losses=losses, schedule={"type": "constant", "weight": 0.25}
    )
    tags = batch["tags"].clone()
    tags[0] = -100
    output = model(batch["tokens"], batch["metadata"], tags)
    chain = crf_chain(model.crf, output["logits"], output["mask"])
    knowledge = FakeKnowledge(model).batch(batch["metadata"], output["mask"].size(1), tags.device)
    expected = (
        0.25 * model.distillation.losses[0](chain, knowledge)[0]
        - chain.log_prob(batch["tags"])[1:].sum()
    )
    torch.testing.assert_close(output["loss"], expected / len(tags))
    output["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_evaluation_counts_gold_alone(batch_and_vocab, teachers):
    batch, vocab = batch_and_vocab
    model = build_student(vocab, teachers, losses=[{"type": "posterior"}]).eval()
    output = model(**batch)
    nll = -crf_chain(model.crf, output["logits"], output["mask"]).log_prob(batch["tags"]).mean()
    torch.testing.assert_close(output["loss"], nll)
    assert [len(path) for path in output["tags"]] == output["mask"].sum(dim=1).tolist()
    metrics = model.get_metrics(reset=True)
    assert {"macro_f1", "_en_f1"} <= set(metrics)
    unlabeled = model(batch["tokens"], batch["metadata"], torch.full_like(batch["tags"], -100))
    assert unlabeled["loss"].item() == 0.0
    assert model.get_metrics() == {}


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"loss_reduction": "max"}, 'loss_reduction: expected "mean" or "sum", got "max"'),
        (
            {"label_encoding": None, "constrain_crf_decoding": True},
            "constrain_crf_decoding needs a label_encoding",
        ),
        (
            {"losses": [{"type": "top_k", "weight": 0}]},
            "weight of a loss: expected a positive number, got 0",
        ),
    ],
)
def test_faults_of_the_config(batch_and_vocab, parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        build(batch_and_vocab[1], **parameters)


def test_a_sentence_without_gold_and_teacher_is_refused(batch_and_vocab):
    batch, vocab = batch_and_vocab
    tags = batch["tags"].clone()
    tags[1] = -100
    words = " ".join(batch["metadata"][1]["words"])
    with pytest.raises(ConfigurationError) as error:
        build(vocab).train()(batch["tokens"], batch["metadata"], tags)
    assert str(error.value) == (
        f'a training sentence of "en" has neither gold tags nor a teacher ("{words}"): was its tag column read?'
    )


def test_encodings_have_synonyms(batch_and_vocab):
    assert build(batch_and_vocab[1], label_encoding="IOB2").label_encoding == "BIO"


def test_a_vocabulary_without_labels():
    with pytest.raises(
        ConfigurationError, match='the vocabulary has no "labels": no sentence has gold tags'
    ):
        build(Vocabulary())


def test_training_without_the_callback_says_so(batch_and_vocab, teachers):
    batch, vocab = batch_and_vocab
    teacher = {"archive_file": str(teachers / "en" / "model.tar.gz")}
    model = build(vocab, teachers={"en": [teacher]}, losses=[{"type": "posterior"}]).train()
    with pytest.raises(ConfigurationError, match="cache_teacher_knowledge"):
        model(**batch)


def test_no_weight_of_a_teacher_is_in_the_student(student):
    state = (
        torch.load(student / "weights.th")
        if (student / "weights.th").exists()
        else torch.load(student / "best.th")
    )
    plain = build(Vocabulary.from_files(str(student / "vocabulary")))
    assert {name: value.shape for name, value in state.items()} == {
        name: value.shape for name, value in plain.state_dict().items()
    }


def test_parameters_are_named_as_in_the_stock_tagger(student):
    import allennlp_models.tagging  # noqa: F401

    vocab = Vocabulary.from_files(str(student / "vocabulary"))
    stock = tagger_config(LANGUAGES)["model"]
    stock["type"] = "crf_tagger"
    stock_model = Model.from_params(Params(stock), vocab=vocab)
    assert set(stock_model.state_dict()) == set(load_archive(student).model.state_dict())


def test_archive_lives_without_its_teachers(teachers, tmp_path):
    own_teachers = tmp_path / "teachers"
    shutil.copytree(teachers, own_teachers)
    run = tmp_path / "run"
    train(student_config(own_teachers), run)
    archive = tmp_path / "moved" / "model.tar.gz"
    archive.parent.mkdir()
    shutil.copy(run / "model.tar.gz", archive)
    shutil.rmtree(own_teachers)
    shutil.rmtree(run)

    prediction = Predictor.from_path(str(archive)).predict_json(
        {"tokens": ["Anna", "sleeps"], "language": "en"}
    )
    assert len(prediction["tags"]) == 2
    allennlp(
        "evaluate", archive, NER / "en" / "dev.txt", "--output-file", tmp_path / "metrics.json"
    )
    assert '"macro_f1"' in (tmp_path / "metrics.json").read_text()
    fine_tuned = tagger_config(LANGUAGES)
    fine_tuned["model"] = {"type": "from_archive", "archive_file": str(archive)}
    train(fine_tuned, tmp_path / "fine_tuned")
    assert metrics_of(tmp_path / "fine_tuned")["epoch"] == 1


def test_a_reloaded_model_is_the_trained_one(student):
    reloaded = load_archive(student).model.train()
    trained = load_archive(student / "model.tar.gz").model.train()
    reader = DatasetReader.from_params(Params(tagger_config(LANGUAGES)["dataset_reader"]))
    instances = list(reader.read({"en": str(NER / "en" / "dev.txt")}))[:5]
    batch = Batch(instances)
    batch.index_instances(trained.vocab)
    tensors = batch.as_tensor_dict()
    torch.testing.assert_close(trained(**tensors)["loss"], reloaded(**tensors)["loss"])


def test_a_trained_student_is_a_plain_tagger(teachers, tmp_path):
    model = train(student_config(teachers), tmp_path / "run")
    assert model.distillation.teachers == {}
    assert Path(tmp_path / "run" / "model.tar.gz").exists()


class TestAsAllennlpTestsModels(ModelTestCase):
    """AllenNLP's own test of a model: train, save, load, and compare on batches, in train mode too."""

    def test_student(self, teachers, tmp_path):
        config = student_config(teachers)
        (tmp_path / "config.json").write_text(json.dumps(config))
        self.set_up_model(str(tmp_path / "config.json"), json.dumps(config["train_data_path"]))
        self.ensure_model_can_train_save_and_load(str(tmp_path / "config.json"))

    def test_plain_tagger(self, tmp_path):
        config = tagger_config(LANGUAGES)
        (tmp_path / "config.json").write_text(json.dumps(config))
        self.set_up_model(str(tmp_path / "config.json"), json.dumps(config["train_data_path"]))
        self.ensure_model_can_train_save_and_load(str(tmp_path / "config.json"))
        self.ensure_batch_predictions_are_consistent(keys_to_ignore=["loss"])


def test_a_stock_reader_will_do_for_a_plain_tagger(tmp_path):
    import allennlp_models.tagging  # noqa: F401

    (tmp_path / "data.tsv").write_text("Anna###B-PER sleeps###O\nPaul###B-PER works###O\n")
    config = tagger_config(["en"])
    config["dataset_reader"] = {"type": "sequence_tagging", "token_delimiter": " "}
    config["train_data_path"] = config["validation_data_path"] = str(tmp_path / "data.tsv")
    train(config, tmp_path / "run")
    assert "validation__und_f1" in metrics_of(tmp_path / "run")
