"""What lies in a folder decides how it is timed."""

import json
import re

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.latency import TimedArchive, TimedHuggingFace, TimedOnnx, load_timed

CPU = torch.device("cpu")


@pytest.fixture
def kinds(monkeypatch):
    """Which kind is loaded from which path, and that it is not."""
    for kind in (TimedArchive, TimedHuggingFace, TimedOnnx):
        monkeypatch.setattr(kind, "load", classmethod(lambda cls, path, device: (cls, path)))


@pytest.mark.parametrize(
    "files, kind",
    [
        ({"config.json": {"model": {"type": "x"}}}, TimedArchive),
        ({"config.json": {"model_type": "bert"}}, TimedHuggingFace),
        ({"config.json": {"model": {"type": "x"}}, "model.onnx": {}}, TimedOnnx),
        ({"model.onnx": {}}, TimedOnnx),
    ],
)
def test_folders(files, kind, kinds, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert load_timed(str(tmp_path), CPU) == (kind, str(tmp_path))


def test_archive(kinds, tmp_path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"")
    assert load_timed(str(path), CPU) == (TimedArchive, str(path))


@pytest.mark.parametrize(
    "files, message",
    [
        (None, "no such archive or folder of a tagger"),
        ({}, "got an empty one"),
        ({"config.json": {"model": "x"}, "a": {}}, "got a, config.json"),
        ({"config.json": []}, "got config.json"),
    ],
)
def test_anything_else_is_refused(files, message, tmp_path):
    folder = tmp_path / "folder"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match=f"^{re.escape(str(folder))}: .*{message}$"):
        load_timed(str(folder), CPU)


def test_onnx_on_a_gpu_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="runs on the CPU; leave out --cuda-device$"):
        load_timed(str(tmp_path), torch.device("cuda:0"))
