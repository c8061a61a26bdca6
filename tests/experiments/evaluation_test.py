"""Evaluation, sentence by sentence."""

import json

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.experiments.evaluation import evaluate, score
from tests.runs import LANGUAGES, NER, allennlp, tagger_config, train

TEST = {language: str(NER / language / "test.txt") for language in LANGUAGES}


def quick_config(**model):
    """Enough of a training that some tags are right and some wrong."""
    config = tagger_config(LANGUAGES, **model)
    config["dataset_reader"]["max_sentences_per_file"] = None
    config["trainer"].update({"num_epochs": 2, "optimizer": {"type": "adam", "lr": 0.03}})
    return config


@pytest.fixture(scope="module")
def of_spans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spans") / "run"
    train(quick_config(), folder)
    return folder / "model.tar.gz"


@pytest.fixture(scope="module")
def of_tags(tmp_path_factory):
    config = quick_config(label_encoding=None)
    config["trainer"]["validation_metric"] = "+macro_accuracy"
    folder = tmp_path_factory.mktemp("tags") / "run"
    train(config, folder)
    return folder / "model.tar.gz"


def evaluated(archive, evaluation, label_encoding="BIO"):
    return evaluate(load_archive(str(archive)), evaluation, label_encoding)


def metrics_of_allennlp(archive, paths, folder):
    allennlp("evaluate", archive, json.dumps(paths), "--output-file", folder / "metrics.json")
    return json.loads((folder / "metrics.json").read_text())


def test_spans_are_counted_as_allennlp_does(of_spans, tmp_path):
    counts, _ = evaluated(
        of_spans, {"test": TEST, "zero_shot": {"de": str(NER / "de" / "dev.txt")}}
    )
    assert list(counts) == [("test", "en"), ("test", "ru"), ("zero_shot", "de")]
    metrics = metrics_of_allennlp(of_spans, TEST, tmp_path)
    for language in LANGUAGES:
        of_language = counts["test", language]
        right, found, true = of_language.sum(axis=0)
        assert of_language.dtype == np.int64 and 0 < right < min(found, true)
        assert right / found == pytest.approx(metrics[f"_{language}_precision"])
        assert right / true == pytest.approx(metrics[f"_{language}_recall"])
        assert score(of_language) == pytest.approx(metrics[f"_{language}_f1"])
    mean = np.mean([score(counts["test", language]) for language in LANGUAGES])
    assert mean == pytest.approx(metrics["macro_f1"])


def test_tags_are_counted_as_allennlp_does(of_tags, tmp_path):
    counts, _ = evaluated(of_tags, {"test": TEST}, None)
    metrics = metrics_of_allennlp(of_tags, TEST, tmp_path)
    for language in LANGUAGES:
        of_language = counts["test", language]
        right, found, true = of_language.sum(axis=0)
        assert found == true and 0 < right < true
        assert (of_language[:, 1] == of_language[:, 2]).all()
        assert score(of_language) == pytest.approx(metrics[f"_{language}_accuracy"])


def test_sentences_stay_in_the_order_of_the_file(of_spans, tmp_path):
    text = (NER / "en" / "test.txt").read_text(encoding="utf-8")
    sentences = text.strip().split("\n\n")
    (tmp_path / "reversed.txt").write_text("\n\n".join(reversed(sentences)) + "\n")
    files = {"en": TEST["en"], "xx": str(tmp_path / "reversed.txt")}
    counts, _ = evaluated(of_spans, {"test": files})
    true = [sum(" B-" in line for line in one.splitlines()) for one in sentences]
    assert counts["test", "en"][:, 2].tolist() == true
    assert len(set(map(tuple, counts["test", "en"].tolist()))) > 3
    assert np.array_equal(counts["test", "en"], counts["test", "xx"][::-1])


def test_a_label_that_training_never_saw_is_an_error_of_the_model(of_spans, tmp_path):
    (tmp_path / "new.txt").write_text("Anna B-UNSEEN\nsleeps O\n\nIt O\nrains O\n")
    counts, _ = evaluated(of_spans, {"test": {"en": str(tmp_path / "new.txt")}})
    right, found, true = counts["test", "en"][0]
    assert (right, true) == (0, 1)


def test_posteriors_of_a_few_sentences(of_spans):
    _, examples = evaluated(of_spans, {"test": TEST, "zero_shot": {"de": TEST["en"]}})
    assert [example["language"] for example in examples] == ["en", "en", "ru", "ru"]
    archive = load_archive(str(of_spans))
    labels = set(archive.model.vocab.get_token_to_index_vocabulary("labels"))
    for example in examples:
        assert set(example) == {"language", "tokens", "gold", "labels", "posteriors"}
        assert set(example["labels"]) == labels
        assert len(example["gold"]) == len(example["posteriors"]) == len(example["tokens"])
        assert set(example["gold"]) > {"O"} and 6 <= len(example["tokens"]) <= 16
        for row in example["posteriors"]:
            assert len(row) == len(labels) and sum(row) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("reader", ["conll_tagging", "sequence_tagging"])
def test_a_stock_tagger(reader, tmp_path):
    import allennlp_models.tagging  # noqa: F401 (registers it)

    config = quick_config()
    config["model"]["type"] = "crf_tagger"
    config["trainer"]["validation_metric"] = "+f1-measure-overall"
    config["model"]["calculate_span_f1"] = True
    path = TEST["en"]
    if reader == "sequence_tagging":
        # Words and tags with "|" between, a sentence a line.
        for split in ("train", "dev", "test"):
            sentences = (NER / "en" / f"{split}.txt").read_text().strip().split("\n\n")
            lines = [one.replace(" ", "|").replace("\n", " ") for one in sentences]
            (tmp_path / f"{split}.txt").write_text("\n".join(lines) + "\n")
        config["dataset_reader"] = {
            "type": "sequence_tagging",
            "word_tag_delimiter": "|",
            "token_delimiter": " ",
        }
        config["train_data_path"] = str(tmp_path / "train.txt")
        config["validation_data_path"] = str(tmp_path / "dev.txt")
        path = str(tmp_path / "test.txt")
    train(config, tmp_path / "run")
    archive = tmp_path / "run" / "model.tar.gz"
    counts, examples = evaluated(archive, {"test": {"en": path}})
    assert examples == []
    data = json.dumps({"en": path}) if reader == "conll_tagging" else path
    allennlp("evaluate", archive, data, "--output-file", tmp_path / "metrics.json")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert 0 < score(counts["test", "en"]) == pytest.approx(metrics["f1-measure-overall"])


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "Anna\nsleeps\n",
            'expected gold tags to evaluate on, found a sentence without: "Anna sleeps"',
        ),
        ("", "found no sentence; expected at least one"),
        ("Anna B-PER\nsleeps O\n", "expected at least two sentences to evaluate on, found 1"),
    ],
)
def test_files_that_say_nothing(text, message, of_spans, tmp_path):
    path = tmp_path / "test.txt"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        evaluated(of_spans, {"test": {"en": str(path)}})
    assert str(raised.value) == f"{path}: {message}"


def test_scores():
    assert score(np.array([[1, 2, 3], [0, 1, 0]])) == 2 / 6
    assert score(np.array([[0, 0, 0]])) == 0.0
    assert score(np.array([[3, 4, 4], [1, 4, 4]])) == 0.5
