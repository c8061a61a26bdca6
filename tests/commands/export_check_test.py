"""What an export and its archive do on labelled sentences."""

import json

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.commands.export_check import Form, comparison
from skd_plugin.dataset_readers import ConllTaggingReader
from skd_plugin.metrics import TagAccuracy
from skd_plugin.serving import OnnxTagger, export
from tests.runs import NER, allennlp

TEST = {"en": str(NER / "en" / "test.txt"), "ru": str(NER / "ru" / "test.txt")}


@pytest.fixture(scope="module")
def archive(student):
    return load_archive(str(student / "model.tar.gz"))


@pytest.fixture(scope="module")
def tagger(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "out"
    export(archive, folder)
    return OnnxTagger(folder)


def test_f1_is_that_of_allennlp_evaluate(student, archive, tagger, tmp_path):
    metrics = tmp_path / "metrics.json"
    allennlp("evaluate", student / "model.tar.gz", json.dumps(TEST), "--output-file", metrics)
    expected = f"{100 * json.loads(metrics.read_text())['macro_f1']:.2f}"
    head, *rows = comparison(archive, {"ONNX": tagger}, json.dumps(TEST)).splitlines()
    assert head.split("  ") == ["200 sentences", "macro F1", "other tags", "logits apart"]
    assert [row.split()[:3] for row in rows] == [["torch", expected, "0"], ["ONNX", expected, "0"]]


def test_a_tagger_that_errs_is_found_out(archive, tagger, monkeypatch):
    """It takes each sentence's first tag for another, and its logits are off by a half."""
    run = tagger.run

    def erring(prepared):
        found = dict(run(prepared))
        tags = np.array(found["tags"])
        tags[:, 0] = (tags[:, 0] + 1) % len(tagger.labels)
        return {**found, "tags": tags, "logits": found["logits"] + 0.5}

    monkeypatch.setattr(tagger, "run", erring)
    _, torch, onnx = comparison(archive, {"ONNX": tagger}, TEST["en"]).splitlines()
    assert torch.split()[2:4] == ["0", "of"] and onnx.split()[2:4] == ["100", "of"]
    assert float(onnx.split()[-1]) == 0.5 and torch.split()[1] != onnx.split()[1]


def test_padding_is_not_counted():
    form = Form(["A", "B"], TagAccuracy())
    instance = ConllTaggingReader().text_to_instance(["x", "y"], ["A", "B"], "en")
    form.add(instance, path=[0, 0, 1], expected=[0, 1, 1])
    assert form.row("x") == ["x", "50.00", "1 of 2", "0"]


def test_sentences_without_tags_are_refused(archive, tagger, tmp_path):
    (tmp_path / "text.txt").write_text("Anna\nsleeps\n\n")
    with pytest.raises(ConfigurationError, match="text.txt"):
        comparison(archive, {"ONNX": tagger}, str(tmp_path / "text.txt"))
