"""The span-based tagger: its loss, its tags, its archive, and the errors of its configs and data."""

import json
import re
from copy import deepcopy

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.testing import ModelTestCase
from allennlp.data import Batch, DatasetReader, Vocabulary
from allennlp.models import Model, load_archive
from allennlp.predictors import Predictor

from skd_plugin.dataset_readers.tag_encodings import tags_to_spans
from skd_plugin.models import SpanTagger
from skd_plugin.models.span_tagger import logger, span_tags
from tests.brute_force_spans import BruteForceSpans
from tests.runs import LANGUAGES, NER, allennlp, metrics_of, tagger_config, train

ALL_TAGS = {
    encoding: [
        "O",
        *(f"{prefix}-{label}" for label in ("PER", "LOC", "ORG") for prefix in prefixes),
    ]
    for encoding, prefixes in {"BIO": "BI", "BIOUL": "BIUL", "BMES": "BMES"}.items()
}
WILD = {"regexes": [[".*", {"type": "normal", "mean": 0, "std": 1}]]}


def config(encoding="BIO", **parameters):
    """A span tagger that trains in a second."""
    found = tagger_config(LANGUAGES)
    found["dataset_reader"]["label_encoding"] = encoding
    sizes = {"max_span_width": 4, "span_projection_dim": 16}
    found["model"].update(type="span_tagger", label_encoding=encoding, **{**sizes, **parameters})
    return found


def instances(encoding="BIO", number=4):
    reader = DatasetReader.from_params(Params(config(encoding)["dataset_reader"]))
    return list(reader.read({"en": str(NER / "en" / "dev.txt")}))[:number]


def tensors(some, vocab):
    batch = Batch(some)
    batch.index_instances(vocab)
    return batch.as_tensor_dict()


@pytest.fixture(scope="module")
def batch_and_vocab():
    some = instances()
    vocab = Vocabulary.from_instances(some, tokens_to_add={"labels": ALL_TAGS["BIO"]})
    return tensors(some, vocab), vocab


def build(vocab, **parameters):
    torch.manual_seed(0)
    return Model.from_params(Params(deepcopy(config(**parameters)["model"])), vocab=vocab)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("span_tagger") / "run"
    larger = config()
    larger["dataset_reader"]["max_sentences_per_file"] = None
    larger["model"]["text_field_embedder"]["token_embedders"]["tokens"]["embedding_dim"] = 32
    larger["model"]["encoder"].update(input_size=32, hidden_size=32)
    larger["trainer"]["num_epochs"] = 5
    train(larger, folder)
    return folder


# ---- the loss


@pytest.mark.parametrize("encoding", ["BIO", "BIOUL"])
def test_the_loss_is_the_mean_nll_of_the_gold_spans(encoding):
    some = sorted(instances(encoding, 30), key=lambda one: len(one["tokens"]))[:3]
    vocab = Vocabulary(tokens_to_add={"labels": ALL_TAGS[encoding]})
    batch = tensors(some, vocab)
    # Two words a span keep the enumeration short.
    model = build(vocab, encoding=encoding, max_span_width=2)
    output = model(**batch)

    labels, _ = span_tags(model.tags, encoding)
    nll = []
    for row, instance in enumerate(some):
        length = len(instance["tokens"])
        scores = output["span_scores"][row, :length].double()
        for width in range(2):
            scores[length - width :, width] = -float("inf")
        sentence = BruteForceSpans(scores.tolist(), [0.0] * length)
        gold, token = [], 0
        for label, start, end in tags_to_spans(instance["tags"].labels, encoding):
            gold += [(other, 1, -1) for other in range(token, start)]
            gold.append((start, end - start + 1, labels.index(label)))
            token = end + 1
        gold += [(other, 1, -1) for other in range(token, length)]
        nll.append(sentence.log_partition() - sentence.scores[tuple(gold)])
    assert output["loss"].item() == pytest.approx(sum(nll) / 3, rel=1e-5)


def test_an_unlabeled_sentence(batch_and_vocab):
    batch, vocab = batch_and_vocab
    tags = batch["tags"].clone()
    tags[1] = -100
    model = build(vocab)
    words = " ".join(batch["metadata"][1]["words"])
    with pytest.raises(ConfigurationError) as error:
        model.train()(batch["tokens"], batch["metadata"], tags)
    assert str(error.value) == (
        f'a training sentence of "en" has no gold tags ("{words}"): was its tag column read?'
    )
    output = model.eval()(batch["tokens"], batch["metadata"], tags)
    log_probs = model.distribution(output).log_prob(batch["tags"])
    torch.testing.assert_close(output["loss"], -log_probs[[0, 2, 3]].sum() / 4)
    model.get_metrics(reset=True)
    unlabeled = model(batch["tokens"], batch["metadata"], torch.full_like(tags, -100))
    assert unlabeled["loss"].item() == 0.0 and model.get_metrics() == {}


def test_an_unlabeled_sentence_needs_no_tag_that_is_possible():
    vocab = Vocabulary(tokens_to_add={"labels": ["I-PER", "B-PER", "O"]})
    some = instances()
    for instance in some:
        del instance.fields["tags"]
    batch = tensors(some, vocab)
    batch["tags"] = torch.full((4, batch["tokens"]["tokens"]["tokens"].size(1)), -100)
    assert build(vocab).eval()(**batch)["loss"].item() == 0.0


def test_every_parameter_learns(batch_and_vocab):
    batch, vocab = batch_and_vocab
    model = build(vocab).train()
    model(**batch)["loss"].backward()
    for name, parameter in model.named_parameters():
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().sum() > 0, name


def test_training_lowers_the_loss_and_finds_spans(trained):
    first = json.loads((trained / "metrics_epoch_0.json").read_text())
    last = json.loads((trained / "metrics_epoch_4.json").read_text())
    assert last["training_loss"] < 0.2 * first["training_loss"]
    assert last["validation_macro_f1"] > 0.6 > first["validation_macro_f1"]
    assert {"validation__en_f1", "validation__ru_recall"} <= set(metrics_of(trained))


# ---- its tags and its archive


@pytest.mark.parametrize("encoding", ["BIO", "BIOUL", "BMES"])
def test_predicted_tags_are_legal_and_best(encoding):
    some = instances(encoding, 60)
    vocab = Vocabulary.from_instances(some, tokens_to_add={"labels": ALL_TAGS[encoding]})
    # Without training it finds many spans, of all widths.
    model = build(vocab, encoding=encoding, initializer=WILD).eval()
    batch = tensors(some, vocab)
    output = model(**batch)
    best = model.distribution(output).top_k(2)
    assert (best.scores[:, 0] > best.scores[:, 1]).all()
    lengths = [len(one["tokens"]) for one in some]
    assert output["tags"] == [
        path[:length] for path, length in zip(best.paths[:, 0].tolist(), lengths)
    ]
    found = []
    for tags in model.make_output_human_readable(output)["tags"]:
        found += tags_to_spans(tags, encoding, strict=True)
    assert {end - start for _, start, end in found} == {0, 1, 2, 3}


def test_forward_on_instances(trained):
    model = load_archive(trained).model.eval()
    some = instances(number=3)
    for instance, output in zip(some, model.forward_on_instances(some)):
        length = len(instance["tokens"])
        assert output["words"] == instance["metadata"].metadata["words"]
        assert len(output["tags"]) == length and set(output["tags"]) <= set(model.tags)
        distribution = model.distribution(
            {name: torch.as_tensor(output[name]).unsqueeze(0) for name in ("span_scores", "mask")}
        )
        path = [model.tags[tag] for tag in output["tags"]]
        assert distribution.argmax()[0][0, :length].tolist() == path
        torch.testing.assert_close(distribution.marginals.sum(dim=2), distribution.mask.float())


def test_the_predictor_asks_for_paths_and_posteriors(trained):
    predictor = Predictor.from_path(str(trained / "model.tar.gz"))
    words = instances(number=1)[0]["metadata"].metadata["words"]
    found = predictor.predict_json({"tokens": words, "top_k": 3, "posteriors": True})
    assert found["top_k"][0]["tags"] == found["tags"]
    for posteriors in found["posteriors"]:
        assert sum(posteriors.values()) == pytest.approx(1.0, abs=1e-5)
    of_best = [posteriors[tag] for tag, posteriors in zip(found["tags"], found["posteriors"])]
    assert min(of_best) >= found["top_k"][0]["probability"] - 1e-5
    probabilities = [path["probability"] for path in found["top_k"]]
    assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) < 1 + 1e-5


def test_a_reloaded_model_is_the_trained_one(trained):
    from_folder = load_archive(trained).model
    from_archive = load_archive(trained / "model.tar.gz").model
    assert isinstance(from_folder, SpanTagger)
    batch = tensors(instances(), from_folder.vocab)
    torch.testing.assert_close(from_folder(**batch)["loss"], from_archive(**batch)["loss"])


class TestAsAllennlpTestsModels(ModelTestCase):
    """AllenNLP's own test of a model: train, save, load, and compare on batches, in train mode too."""

    def test_span_tagger(self, tmp_path):
        parameters = config("BIOUL", dropout=0.1, word_dropout=0.1)
        (tmp_path / "config.json").write_text(json.dumps(parameters))
        self.set_up_model(str(tmp_path / "config.json"), json.dumps(parameters["train_data_path"]))
        self.ensure_model_can_train_save_and_load(str(tmp_path / "config.json"))
        self.ensure_batch_predictions_are_consistent(keys_to_ignore=["loss", "span_scores", "mask"])


def test_feedforward(batch_and_vocab):
    batch, vocab = batch_and_vocab
    layer = {"input_dim": 16, "num_layers": 1, "hidden_dims": 7, "activations": "relu"}
    model = build(vocab, feedforward=layer)
    assert model.span_scorer._start.in_features == 7
    assert torch.isfinite(model(**batch)["loss"])
    with pytest.raises(ConfigurationError, match="feedforward input dim"):
        build(vocab, feedforward={**layer, "input_dim": 9})


# ---- faults of data and configs


def with_a_wide_span(batch, vocab):
    """A sentence of the batch, and the tags of the batch with a span of five words in it."""
    row = next(row for row, sentence in enumerate(batch["metadata"]) if len(sentence["words"]) >= 6)
    tags = batch["tags"].clone()
    names = ["B-PER", *["I-PER"] * 4]
    tags[row, 1:6] = torch.tensor([vocab.get_token_index(name, "labels") for name in names])
    tags[row, 6:] = vocab.get_token_index("O", "labels")
    words = batch["metadata"][row]["words"]
    message = (
        "max_span_width: a gold span is 5 words wide, expected at most 4: "
        f'PER "{" ".join(words[1:6])}" in "{" ".join(words)}"'
    )
    return row, tags, message


def test_a_gold_span_that_is_too_wide_to_learn(batch_and_vocab):
    batch, vocab = batch_and_vocab
    _, tags, message = with_a_wide_span(batch, vocab)
    with pytest.raises(ConfigurationError) as error:
        build(vocab).train()(batch["tokens"], batch["metadata"], tags)
    allowed = """--overrides '{"model.max_span_width": 5}'"""
    assert str(error.value) == f"{message}; allow it, as by {allowed}"
    output = build(vocab, max_span_width=5).train()(batch["tokens"], batch["metadata"], tags)
    assert output["loss"] < 1e3


@pytest.fixture
def warnings(monkeypatch, caplog):
    """What was warned of, though other tests may have had the same warning, which is given once."""
    monkeypatch.setattr(logger, "_seen_msgs", set())
    return lambda: [record.getMessage() for record in caplog.records if record.name == logger.name]


def test_a_gold_span_that_is_too_wide_to_find(batch_and_vocab, warnings):
    batch, vocab = batch_and_vocab
    row, tags, message = with_a_wide_span(batch, vocab)
    model = build(vocab).eval()
    for _ in range(2):
        output = model(batch["tokens"], batch["metadata"], tags)
    assert warnings() == [f"{message}; it counts in the metrics, not in the loss"]
    others = [other for other in range(len(tags)) if other != row]
    log_probs = model.distribution(output).log_prob(batch["tags"])
    torch.testing.assert_close(output["loss"], -log_probs[others].sum() / len(tags))
    model.get_metrics(reset=True)
    tags[others] = -100
    assert model(batch["tokens"], batch["metadata"], tags)["loss"].item() == 0.0
    assert model.get_metrics()["_en_recall"] == 0.0


def test_evaluation_of_what_is_too_wide_to_find(trained, tmp_path, warnings):
    words = "B-PER I-PER I-PER I-PER I-PER O O".split()
    lines = "".join(f"Anna {tag}\n" for tag in words)
    (tmp_path / "wide.txt").write_text(lines + "\nAnna B-PER\nsleeps O\n\n")
    allennlp(
        "evaluate",
        trained / "model.tar.gz",
        tmp_path / "wide.txt",
        "--output-file",
        tmp_path / "metrics.json",
    )
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert 0.0 < metrics["loss"] < 1e3 and metrics["_und_recall"] <= 0.5
    assert "max_span_width: a gold span is 5 words wide" in warnings()[0]


def test_gold_tags_that_are_impossible(batch_and_vocab):
    batch, vocab = batch_and_vocab
    tags = batch["tags"].clone()
    tags[2, :2] = vocab.get_token_index("O", "labels")
    tags[2, 1] = vocab.get_token_index("I-LOC", "labels")
    words = " ".join(batch["metadata"][2]["words"])
    message = f'the gold tags of "{words}" are not in BIO: word 2, tag "I-LOC" where no span of LOC is open'
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        build(vocab)(batch["tokens"], batch["metadata"], tags)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"max_span_width": 0}, "max_span_width: expected a positive number, got 0"),
        ({"span_projection_dim": -1}, "span_projection_dim: expected a positive number, got -1"),
        ({"encoding": "IOB1"}, 'label_encoding: expected "BIO", "BIOUL" or "BMES", got "IOB1"'),
        ({"encoding": "BMES"}, 'tag "I-PER": BMES has O, and before a label B-, M-, E-, S-'),
        ({"encoding": "XYZ"}, 'unknown encoding of tags "XYZ"'),
    ],
)
def test_faults_of_the_config(parameters, message):
    vocab = Vocabulary(tokens_to_add={"labels": ["O", "I-PER", "B-PER"]})
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        build(vocab, **parameters)


@pytest.mark.parametrize("tags", [["O"], ["B-PER", "I-PER"]])
def test_vocabularies_without_spans_or_without_outside(tags):
    message = f"expected O and tags of spans in the vocabulary, got {', '.join(tags)}"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        build(Vocabulary(tokens_to_add={"labels": tags}))


def test_synonyms_of_encodings(batch_and_vocab):
    assert build(batch_and_vocab[1], encoding="IOB2").label_encoding == "BIO"


def test_span_tags_of_a_vocabulary():
    bioul = {"U-A": 0, "O": 1, "B-A-B": 2, "L-A-B": 3}
    labels, tags = span_tags(bioul, "BIOUL")
    assert labels == ["A", "A-B"] and (tags.num_tags, tags.outside) == (4, 1)
    assert [place.tolist() for place in tags[2:]] == [[-1, 2], [-1, -1], [-1, 3], [0, -1]]
    labels, tags = span_tags({"O": 0, "B-A": 1, "I-A": 2}, "BIO")
    assert [place.tolist() for place in tags[2:]] == [[1], [2], [2], [1]]


def test_the_encoding_is_required(batch_and_vocab):
    parameters = config()["model"]
    del parameters["label_encoding"]
    with pytest.raises(ConfigurationError, match="label_encoding"):
        Model.from_params(Params(parameters), vocab=batch_and_vocab[1])
