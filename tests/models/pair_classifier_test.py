"""A classifier of sentence pairs."""

from copy import deepcopy

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import Model, load_archive

from skd_plugin.dataset_readers import SentencePairReader
from skd_plugin.predictors import SentencePairPredictor
from tests.models.suites import WORDS, batch_of, pair_config
from tests.runs import metrics_of, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The serialization directory of a training that has learnt its pairs by heart."""
    folder = tmp_path_factory.mktemp("pairs") / "run"
    train(pair_config(), folder)
    return folder


def test_pairs_of_the_same_words_are_told_apart(trained):
    metrics = metrics_of(trained)
    assert metrics["best_validation_macro_accuracy"] == metrics["best_validation__en_accuracy"] == 1


def test_each_sentence_by_itself_tells_no_order(tmp_path):
    """Two of the eight pairs have the same words, and other labels: one of them is taken for the other."""
    config = pair_config(encoder=None)
    config["trainer"]["num_epochs"] = 40
    train(config, tmp_path / "run")
    assert metrics_of(tmp_path / "run")["best_validation_macro_accuracy"] <= 7 / 8


def test_features(trained):
    """By hand: u and v are the means of the vectors of words where nothing reads both."""
    config = {"type": "pair_classifier", "text_field_embedder": WORDS}
    vocab = load_archive(str(trained)).model.vocab
    model = Model.from_params(vocab=vocab, params=Params(deepcopy(config))).eval()
    reader = SentencePairReader()
    pairs = [("The mill was sold.", "Anna"), ("The", "lake is deep.")]
    batch = batch_of(model, reader, [reader.text_to_instance(*pair) for pair in pairs])
    vectors = model.text_field_embedder.token_embedder_tokens.weight
    for row, pair in enumerate(pairs):
        u, v = (
            vectors[[vocab.get_token_index(word) for word in text.replace(".", " .").split()]].mean(
                dim=0
            )
            for text in pair
        )
        logits = model.label_layer(torch.cat([u, v, (u - v).abs(), u * v]))
        found = model(**batch)["probabilities"][row]
        torch.testing.assert_close(found, logits.softmax(dim=0))


def test_loss_and_accuracy(trained):
    model = load_archive(str(trained)).model.eval()
    reader = SentencePairReader()
    pairs = [("The road.", "The lake is deep.", label, "en") for label in "01"]
    output = model(**batch_of(model, reader, [reader.text_to_instance(*pair) for pair in pairs]))
    right = [model.vocab.get_token_index(label, "labels") for label in "01"]
    probabilities = output["probabilities"][[0, 1], right]
    assert output["loss"].item() == pytest.approx(-probabilities.log().mean().item(), rel=1e-5)
    assert model.get_metrics(reset=True) == {"_en_accuracy": 0.5, "macro_accuracy": 0.5}
    assert model.get_metrics() == {}


def test_predictions(trained):
    predictor = SentencePairPredictor.from_path(str(trained))
    assert isinstance(predictor, SentencePairPredictor)
    pair = ("Anna taught Boris how to sail.", "Boris taught Anna how to sail.")
    line = predictor.predict(*pair)
    assert list(line) == ["sentence1", "sentence2", "label", "probabilities"]
    assert (line["sentence1"], line["sentence2"]) == pair and line["label"] == "0"
    assert line["probabilities"]["0"] > 0.5
    assert sum(line["probabilities"].values()) == pytest.approx(1)
    # Beside a longer one, which pads it.
    long = {"sentence1": "The mill was sold. " * 5, "sentence2": "It was sold. " * 9}
    both = predictor.predict_batch_json([long, {"sentence1": pair[0], "sentence2": pair[1]}])
    assert both[1]["probabilities"] == pytest.approx(line["probabilities"], abs=1e-5)
    with pytest.raises(ConfigurationError, match='"sentence2": expected a string, got None'):
        predictor.predict_json({"sentence1": "a"})


def test_no_labels():
    config = {"type": "pair_classifier", "text_field_embedder": WORDS}
    with pytest.raises(ConfigurationError, match='has no "labels": no pair has a label'):
        Model.from_params(vocab=Vocabulary(), params=Params(deepcopy(config)))


def test_a_feedforward_of_another_width(tmp_path):
    layer = {"input_dim": 5, "num_layers": 1, "hidden_dims": 3, "activations": "relu"}
    with pytest.raises(ConfigurationError, match="4 \\* encoding dim"):
        train(pair_config(feedforward=layer), tmp_path / "run")


def test_the_predictor_of_another_model(student):
    message = "sentence_pairs: expected a pair_classifier and the reader sentence_pairs; got Dist"
    with pytest.raises(ConfigurationError, match=message):
        SentencePairPredictor.from_path(str(student), predictor_name="sentence_pairs")
