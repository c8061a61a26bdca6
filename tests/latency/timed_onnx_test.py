"""Exported folders, with a stand-in for what tags by them."""

import sys
import types

import numpy as np
import pytest
import torch
from allennlp.models import load_archive

from skd_plugin.latency import TimedArchive, TimedOnnx
from skd_plugin.latency.timed_onnx import count_initializers


class FakeTagger:
    """Of the interface of `skd_plugin.serving.OnnxTagger`."""

    labels = ["O", "X"]

    def __init__(self, folder, threads=None):
        self.threads = threads

    def prepare(self, sentences):
        longest = max(map(len, sentences))
        rows = [[len(word) for word in words] + [0] * longest for words in sentences]
        return {"tokens": np.array([row[:longest] for row in rows])}

    def run(self, inputs):
        return {"tags": (inputs["tokens"] > 1).astype(np.int64)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An embedding of 7 x 3, rounded to 8 bits, and 3 x 2 other weights; a shape is no parameter."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weights = {
        "table": np.zeros((7, 3), np.int8),
        "scale": np.array(0.1, np.float32),
        "weight": np.zeros((3, 2), np.float32),
        "shape": np.array([1, 2, 3]),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["table", "scale"], ["numbers"]),
        helper.make_node("Gather", ["numbers", "words"], ["vectors"]),
        helper.make_node("Gather", ["shape", "words"], ["lengths"]),
        helper.make_node("MatMul", ["vectors", "weight"], ["logits"]),
    ]
    inputs = [helper.make_tensor_value_info("words", TensorProto.INT64, ["batch", "length"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)]
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "tagger", inputs, outputs, initializers)
    onnx.save(helper.make_model(graph), str(tmp_path / "model.onnx"))
    serving = types.ModuleType("skd_plugin.serving")
    serving.OnnxTagger = FakeTagger
    monkeypatch.setitem(sys.modules, "skd_plugin.serving", serving)
    return tmp_path


def test_parameters(folder):
    assert count_initializers(str(folder / "model.onnx")) == (7 * 3 + 1 + 3 * 2, 7 * 3)


def test_tags(folder):
    timed = TimedOnnx(str(folder))
    assert timed.run(timed.prepare([["a", "be", "c"], ["do"]])) == [["O", "X", "O"], ["X"]]


def test_tags_of_a_real_export_are_those_of_its_archive(student, tmp_path):
    pytest.importorskip("onnxruntime")
    export = pytest.importorskip("skd_plugin.serving").export
    export(load_archive(student), tmp_path / "exported")
    sentences = [["Anna", "Keller", "moved", "to", "Paris", "."], ["It", "rains"]]
    found = [
        timed.run(timed.prepare(sentences))
        for timed in (
            TimedOnnx(str(tmp_path / "exported")),
            TimedArchive.load(str(student), torch.device("cpu")),
        )
    ]
    assert found[0] == found[1]


def test_threads(folder):
    timed = TimedOnnx(str(folder))
    assert timed._tagger.threads == 1
    timed.use_threads(2)
    two = timed._tagger
    timed.use_threads(2)
    assert timed._tagger is two and two.threads == 2


def test_size(folder):
    (folder / "vocabulary").mkdir()
    (folder / "vocabulary" / "labels.txt").write_text("O\nX\n")
    assert TimedOnnx(str(folder)).size.bytes == (folder / "model.onnx").stat().st_size + 4
