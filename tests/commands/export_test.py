"""`allennlp export`."""

import json

import pytest

from skd_plugin.serving import OnnxTagger
from tests.runs import NER, allennlp

TEST = {"en": str(NER / "en" / "test.txt"), "ru": str(NER / "ru" / "test.txt")}


def run(*arguments):
    """The exit status."""
    try:
        allennlp("export", *arguments)
    except SystemExit as exit:
        return exit.code
    return 0


def test_writes_a_folder_that_tags(student, tmp_path, capsys):
    assert run(student / "model.tar.gz", tmp_path / "out") == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'out'}: ")
    assert len(OnnxTagger(tmp_path / "out").tag([["Anna", "moved"]])[0]) == 2


def test_check(student, tmp_path, capsys):
    arguments = [student / "model.tar.gz", tmp_path / "out", "--check", json.dumps(TEST)]
    assert run(*arguments) == 0
    _, head, torch, onnx = capsys.readouterr().out.splitlines()
    assert head.split("  ") == ["200 sentences", "macro F1", "other tags", "logits apart"]
    assert onnx.split()[1:5] == torch.split()[1:5] and onnx.split()[2] == "0"
    assert 0 < float(onnx.split()[-1]) < 1e-4

    assert run(*arguments, "--int8", "--force") == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split("  ")[0] for row in rows] == ["torch", "ONNX", "ONNX int8"]
    assert rows[0].split() == torch.split()
    assert float(rows[2].split()[-1]) > 1e-4


@pytest.mark.parametrize("place", ["archive", "folder"])
def test_errors(place, student, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    archive = student / "model.tar.gz" if place == "folder" else tmp_path / "none.tar.gz"
    assert run(archive, tmp_path) == 2
    expected = {
        "archive": f"{archive}: expected the archive of a model (file {archive} not found)",
        "folder": f"{tmp_path}: expected a new or an empty folder; what is there is no export",
    }
    assert capsys.readouterr().err.splitlines()[-1] == f"allennlp export: error: {expected[place]}"
