"""Predictions: JSON in, JSON out, in order."""

import itertools
import json

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.predictors import Predictor

from tests.runs import NER, allennlp


@pytest.fixture(scope="module")
def predictor(student):
    return Predictor.from_path(str(student / "model.tar.gz"))


def test_words(predictor):
    output = predictor.predict_json({"tokens": ["Anna", "Keller", "sleeps"], "language": "en"})
    assert set(output) == {"tokens", "tags", "language", "spans"}
    assert output["tokens"] == ["Anna", "Keller", "sleeps"] and output["language"] == "en"
    assert len(output["tags"]) == 3


def test_spans_know_their_characters(predictor, monkeypatch):
    monkeypatch.setattr(
        predictor._model,
        "make_output_human_readable",
        lambda output: {**output, "tags": [["B-PER", "I-PER", "O", "O", "B-LOC", "O"]]},
    )
    text = "Anna  Keller moved to Lima."
    spans = predictor.predict(text, "en")["spans"]
    assert [(span["label"], span["start"], span["end"], span["text"]) for span in spans] == [
        ("PER", 0, 2, "Anna  Keller"),
        ("LOC", 4, 5, "Lima"),
    ]
    assert all(text[span["start_char"] : span["end_char"]] == span["text"] for span in spans)
    spans = predictor.predict_json({"tokens": ["Anna", "Keller", "moved", "to", "Lima", "."]})[
        "spans"
    ]
    assert spans[0] == {"label": "PER", "start": 0, "end": 2, "text": "Anna Keller"}


def test_text_without_spaces(predictor):
    output = predictor.predict("王小明去了北京。", "zh")
    assert output["tokens"] == list("王小明去了北京。")


def test_top_k_and_posteriors(predictor):
    line = {"tokens": ["Anna", "sleeps"], "top_k": 1000, "posteriors": True}
    output = predictor.predict_json(line)
    assert output["top_k"][0]["tags"] == output["tags"]
    probabilities = [path["probability"] for path in output["top_k"]]
    assert probabilities == sorted(probabilities, reverse=True)
    # All possible paths are there once: their probabilities sum to 1, and give the posteriors.
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)
    paths = {tuple(path["tags"]) for path in output["top_k"]}
    assert len(paths) == len(probabilities)
    assert not any(tags[0].startswith("I-") for tags in paths)
    labels = set(output["posteriors"][0])
    assert len(paths) < len(list(itertools.product(labels, repeat=2)))
    for position, label in itertools.product(range(2), labels):
        total = sum(
            path["probability"] for path in output["top_k"] if path["tags"][position] == label
        )
        assert output["posteriors"][position][label] == pytest.approx(total, abs=1e-4)


def test_batches_keep_the_order(predictor):
    lines = [{"tokens": ["word"] * length} for length in (5, 1, 3)]
    assert [len(output["tags"]) for output in predictor.predict_batch_json(lines)] == [5, 1, 3]
    assert predictor.predict_batch_json(lines)[1] == predictor.predict_json(lines[1])


@pytest.mark.parametrize(
    "line, message",
    [
        ({}, 'expected a line with either "tokens" or "sentence", got one with nothing'),
        (
            {"tokens": ["a"], "sentence": "a"},
            'either "tokens" or "sentence", got one with sentence, tokens',
        ),
        ({"tokens": "a b"}, "\"tokens\": expected a list of strings, got 'a b'"),
        ({"tokens": []}, "expected at least one word"),
        ({"sentence": " "}, "expected at least one word"),
        ({"tokens": ["a"], "top_k": "3"}, "\"top_k\": expected a number of paths, got '3'"),
        ({"sentence": 3}, '"sentence": expected a string, got 3'),
    ],
)
def test_bad_input(predictor, line, message):
    with pytest.raises(ConfigurationError) as error:
        predictor.predict_json(line)
    assert message in str(error.value)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_command(student, tmp_path, batch_size, capsys):
    lines = [
        {"sentence": "Anna moved to Lima."},
        {"tokens": ["Это", "Анна"], "language": "ru", "top_k": 2},
        {"sentence": "Hi"},
    ]
    (tmp_path / "input.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    output = tmp_path / "output.jsonl"
    allennlp(
        "predict",
        student / "model.tar.gz",
        tmp_path / "input.jsonl",
        "--output-file",
        output,
        "--silent",
        "--batch-size",
        batch_size,
    )
    predictions = [json.loads(line) for line in output.read_text().splitlines()]
    assert [prediction["tokens"] for prediction in predictions] == [
        ["Anna", "moved", "to", "Lima", "."],
        ["Это", "Анна"],
        ["Hi"],
    ]
    assert [prediction["language"] for prediction in predictions] == ["und", "ru", "und"]
    assert len(predictions[1]["top_k"]) == 2
    assert "Анна" in output.read_text(encoding="utf-8")
    assert "Anna" not in capsys.readouterr().out


def test_command_with_the_dataset_reader(student, tmp_path):
    output = tmp_path / "output.jsonl"
    data = json.dumps({"en": str(NER / "en" / "dev.txt"), "ru": str(NER / "ru" / "dev.txt")})
    allennlp(
        "predict",
        student / "model.tar.gz",
        data,
        "--use-dataset-reader",
        "--output-file",
        output,
        "--silent",
        "--batch-size",
        7,
    )
    predictions = [json.loads(line) for line in output.read_text().splitlines()]
    blocks = [
        block
        for language in ("en", "ru")
        for block in (NER / language / "dev.txt").read_text().split("\n\n")[:40]
    ]
    expected = [[line.split()[0] for line in block.splitlines()] for block in blocks]
    assert [prediction["tokens"] for prediction in predictions] == expected
    assert {prediction["language"] for prediction in predictions} == {"en", "ru"}


def test_prediction_needs_no_gold(student, tmp_path):
    (tmp_path / "data.txt").write_text("Anna B-UNSEEN\n")
    output = tmp_path / "output.jsonl"
    arguments = ["--use-dataset-reader", "--output-file", output, "--silent"]
    allennlp("predict", student / "model.tar.gz", tmp_path / "data.txt", *arguments)
    assert json.loads(output.read_text())["tokens"] == ["Anna"]
