"""The student without a structure: its loss, the tags it predicts, its archive, and what it learns."""

import json
import math
import random
import re
import shutil
from itertools import product

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.testing import ModelTestCase
from allennlp.data import Batch, DatasetReader, Vocabulary
from allennlp.models import Model, load_archive
from allennlp.predictors import Predictor

from skd_plugin.dataset_readers.tag_encodings import TagError, tags_to_spans
from skd_plugin.losses import DistillationLoss
from skd_plugin.models import DistilledTagger
from tests.runs import LANGUAGES, NER, allennlp, metrics_of, student_config, tagger_config, train

BIO = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
BIOUL = ["O", "B-PER", "I-PER", "L-PER", "U-PER"]
WORDS = [f"word{number}" for number in range(20)]
# Without training it gives tags of all kinds, legal ones and others.
WILD = {"regexes": [[".*", {"type": "normal", "mean": 0, "std": 2}]]}


def config(**parameters):
    return tagger_config(LANGUAGES, **{"type": "distilled_tagger", **parameters})


def build(vocab, **parameters):
    torch.manual_seed(0)
    model = json.loads(json.dumps(config(**parameters)["model"]))
    return Model.from_params(Params(model), vocab=vocab)


def vocabulary(tags):
    return Vocabulary(tokens_to_add={"labels": tags, "tokens": WORDS})


def sentences(lengths):
    """Unlabelled instances of given lengths, of random words."""
    reader = DatasetReader.from_params(Params(config()["dataset_reader"]))
    draw = random.Random(0)
    instances = [reader.text_to_instance(draw.choices(WORDS, k=length)) for length in lengths]
    for instance in instances:
        reader.apply_token_indexers(instance)
    return instances


@pytest.fixture(scope="module")
def batch_and_vocab():
    reader = DatasetReader.from_params(Params(config()["dataset_reader"]))
    instances = list(reader.read({"en": str(NER / "en" / "dev.txt")}))[:4]
    vocab = Vocabulary.from_instances(instances)
    batch = Batch(instances)
    batch.index_instances(vocab)
    return batch.as_tensor_dict(), vocab


@pytest.fixture(scope="module")
def trained(teachers, tmp_path_factory):
    """A softmax student of the CRF teachers, whose teachers are gone."""
    folder = tmp_path_factory.mktemp("distilled_tagger")
    shutil.copytree(teachers, folder / "teachers")
    losses = [{"type": "structural"}, {"type": "posterior"}]
    student = student_config(folder / "teachers", losses)
    student["model"]["type"] = "distilled_tagger"
    train(student, folder / "run")
    shutil.rmtree(folder / "teachers")
    return folder / "run"


# ---- its loss


@pytest.mark.parametrize("label_encoding", ["BIO", None])
@pytest.mark.parametrize("training", [True, False])
def test_the_loss_is_the_cross_entropy_of_the_tokens(batch_and_vocab, label_encoding, training):
    batch, vocab = batch_and_vocab
    model = build(vocab, label_encoding=label_encoding).train(training)
    output = model(**batch)
    total = 0.0
    for row, sentence in enumerate(batch["metadata"]):
        for token in range(len(sentence["words"])):
            log_probs = output["logits"][row, token].log_softmax(dim=0)
            total -= log_probs[batch["tags"][row, token]].item()
    assert output["loss"].item() == pytest.approx(total / 4, rel=1e-5)


def test_an_unlabeled_sentence(batch_and_vocab):
    batch, vocab = batch_and_vocab
    tags = batch["tags"].clone()
    tags[1] = -100
    model = build(vocab)
    with pytest.raises(ConfigurationError, match="has neither gold tags nor a teacher"):
        model.train()(batch["tokens"], batch["metadata"], tags)
    output = model.eval()(batch["tokens"], batch["metadata"], tags)
    log_probs = model.distribution(output, constrained=False).log_prob(batch["tags"])
    torch.testing.assert_close(output["loss"], -log_probs[[0, 2, 3]].sum() / 4)


def test_every_parameter_learns(batch_and_vocab):
    batch, vocab = batch_and_vocab
    model = build(vocab).train()
    model(**batch)["loss"].backward()
    for name, parameter in model.named_parameters():
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().sum() > 0, name


# ---- its tags


def is_legal(tags, encoding):
    try:
        tags_to_spans(tags, encoding, strict=True)
    except TagError:
        return False
    return True


@pytest.mark.parametrize("encoding, tags", [("BIO", BIO), ("BIOUL", BIOUL)])
def test_predicted_tags_are_the_best_legal_ones(encoding, tags):
    vocab = vocabulary(tags)
    model = build(vocab, label_encoding=encoding, initializer=WILD).eval()
    changed = 0
    for output in model.forward_on_instances(sentences([1, 2, 3, 4, 5] * 8)):
        log_probs = torch.as_tensor(output["logits"]).double().log_softmax(dim=1)
        scores = {
            path: sum(log_probs[token, tags.index(tag)].item() for token, tag in enumerate(path))
            for path in product(tags, repeat=len(output["words"]))
            if is_legal(path, encoding)
        }
        assert tuple(output["tags"]) == max(scores, key=lambda path: scores[path])
        changed += output["tags"] != [tags[tag] for tag in log_probs.argmax(dim=1)]
    assert changed


@pytest.mark.parametrize(
    "parameters", [{"constrain_decoding": False}, {"label_encoding": None}], ids=str
)
def test_unconstrained_tags_are_the_best_of_each_token(parameters):
    model = build(vocabulary(BIO), initializer=WILD, **parameters).eval()
    legal = []
    for output in model.forward_on_instances(sentences([1, 3, 5, 9] * 5)):
        logits = torch.as_tensor(output["logits"])[: len(output["words"])]
        assert output["tags"] == [BIO[tag] for tag in logits.argmax(dim=1)]
        legal.append(is_legal(output["tags"], "BIO"))
    assert not all(legal)


def test_constraints_need_an_encoding():
    with pytest.raises(ConfigurationError) as error:
        build(vocabulary(BIO), label_encoding=None, constrain_decoding=True)
    assert str(error.value) == "constrain_decoding needs a label_encoding"


def test_metrics_are_of_the_decoded_tags(batch_and_vocab):
    batch, vocab = batch_and_vocab
    model = build(vocab).eval()
    output = model(**batch)
    assert {"macro_f1", "_en_f1"} <= set(model.get_metrics(reset=True))
    assert [len(path) for path in output["tags"]] == output["mask"].sum(dim=1).tolist()
    assert "_en_accuracy" in build_and_run(batch, vocab, label_encoding=None)


def build_and_run(batch, vocab, **parameters):
    model = build(vocab, **parameters).eval()
    model(**batch)
    return model.get_metrics()


# ---- its archive


def test_the_archive_lives_without_its_teachers(trained, tmp_path):
    archive = tmp_path / "model.tar.gz"
    shutil.copy(trained / "model.tar.gz", archive)
    model = load_archive(archive).model
    assert isinstance(model, DistilledTagger) and not model.distillation.teachers
    plain = build(Vocabulary.from_files(str(trained / "vocabulary")))
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        name: value.shape for name, value in plain.state_dict().items()
    }
    allennlp(
        "evaluate", archive, NER / "en" / "dev.txt", "--output-file", tmp_path / "metrics.json"
    )
    assert "macro_f1" in json.loads((tmp_path / "metrics.json").read_text())
    fine_tuned = tagger_config(LANGUAGES)
    fine_tuned["model"] = {"type": "from_archive", "archive_file": str(archive)}
    train(fine_tuned, tmp_path / "fine_tuned")
    assert metrics_of(tmp_path / "fine_tuned")["epoch"] == 1


def test_the_predictor_gives_paths_and_posteriors(trained):
    predictor = Predictor.from_path(str(trained / "model.tar.gz"))
    words = ["Anna", "Keller", "moved", "to", "Paris", "."]
    found = predictor.predict_json({"tokens": words, "top_k": 4, "posteriors": True})
    assert found["top_k"][0]["tags"] == found["tags"] and len(found["top_k"]) == 4
    assert len({tuple(path["tags"]) for path in found["top_k"]}) == 4
    for path in found["top_k"]:
        assert is_legal(path["tags"], "BIO")
    probabilities = [path["probability"] for path in found["top_k"]]
    assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) < 1 + 1e-5
    assert len(found["posteriors"]) == len(words)
    for posteriors in found["posteriors"]:
        assert sum(posteriors.values()) == pytest.approx(1.0, abs=1e-5)
        assert set(posteriors) == set(predictor._model.tags)
    # No sentence begins in the middle of a span.
    assert found["posteriors"][0]["I-PER"] == 0.0


def stock(**parameters):
    import allennlp_models.tagging  # noqa: F401

    model = config(**parameters)["model"]
    return {**model, "type": "simple_tagger"}


def test_weights_and_the_stock_tagger(batch_and_vocab):
    batch, vocab = batch_and_vocab
    own = build(vocab, initializer=WILD).eval()
    other = Model.from_params(Params(stock()), vocab=vocab).eval()
    other.load_state_dict(own.state_dict())
    torch.testing.assert_close(
        other(batch["tokens"])["logits"], own(batch["tokens"], batch["metadata"])["logits"]
    )
    torch.nn.init.normal_(other.tag_projection_layer._module.bias)
    own.load_state_dict(other.state_dict())
    torch.testing.assert_close(
        other(batch["tokens"])["logits"], own(batch["tokens"], batch["metadata"])["logits"]
    )


class TestAsAllennlpTestsModels(ModelTestCase):
    """AllenNLP's own test of a model: train, save, load, and compare on batches, in train mode too."""

    def test_distilled_tagger(self, tmp_path):
        parameters = config()
        (tmp_path / "config.json").write_text(json.dumps(parameters))
        self.set_up_model(str(tmp_path / "config.json"), json.dumps(parameters["train_data_path"]))
        self.ensure_model_can_train_save_and_load(str(tmp_path / "config.json"))
        self.ensure_batch_predictions_are_consistent(keys_to_ignore=["loss", "logits", "mask"])


# ---- what it learns


def test_it_has_learnt(trained):
    first = json.loads((trained / "metrics_epoch_0.json").read_text())
    last = json.loads((trained / "metrics_epoch_1.json").read_text())
    assert last["training_loss"] < first["training_loss"] < math.inf


@pytest.mark.parametrize("name", sorted(DistillationLoss.list_available()))
def test_it_learns_by_every_loss(teachers, tmp_path, name):
    student = student_config(teachers, [{"type": name}])
    student["model"].update(type="distilled_tagger", schedule={"type": "constant", "weight": 1.0})
    # What is not labelled is learnt from the teachers alone.
    text = "Anna\nKeller\nsleeps\n\nIt\nrains\n\n" * 8
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    student["train_data_path"] = {"en": str(tmp_path / "text.txt")}
    student["datasets_for_vocab_creation"] = ["train", "validation"]
    del student["model"]["teachers"]["ru"]
    student["trainer"].update(num_epochs=2)
    train(student, tmp_path / "run")
    losses = [
        json.loads((tmp_path / "run" / f"metrics_epoch_{epoch}.json").read_text())["training_loss"]
        for epoch in range(2)
    ]
    assert 0.0 < losses[1] < losses[0]


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"loss_reduction": "max"}, 'loss_reduction: expected "mean" or "sum", got "max"'),
        ({"label_encoding": "XYZ"}, 'unknown encoding of tags "XYZ"'),
    ],
)
def test_faults_of_the_config(batch_and_vocab, parameters, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        build(batch_and_vocab[1], **parameters)


@pytest.mark.parametrize(
    "parameters, message",
    [
        (
            {"type": "distilled_tagger", "constrain_crf_decoding": True},
            "DistilledTagger has no parameter constrain_",
        ),
        (
            {"type": "distilled_crf_tagger", "constrain_decoding": True},
            "is called constrain_crf_decoding here",
        ),
        (
            {"type": "span_tagger", "label_encoding": "BIO", "losses": []},
            "SpanTagger has no parameter losses",
        ),
        (
            {"type": "span_tagger", "label_encoding": None},
            'expected "BIO", "BIOUL" or "BMES", got "None"',
        ),
    ],
)
def test_refused_parameters(parameters, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        build(vocabulary(BIO), **parameters)
