"""What the benchmark of compression builds, measures and claims."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import compression, compression_models
from benchmarks.compression_models import StudentSize
from skd_plugin.latency import Size
from tests.latency.fakes import Clock, pair

SENTENCES = [["Anna", "Hammond", "saw", "Washington"], ["她", "."]]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    compression_models.save_random_teacher(folder, compression.TINY_SHAPE, SENTENCES)
    return compression_models.load_teacher(str(folder), SENTENCES)


@pytest.fixture
def no_export(monkeypatch):
    """As if there were nothing to export with."""
    monkeypatch.setitem(sys.modules, "skd_plugin.serving", None)


def test_the_teacher_reads_the_sentences_in_pieces(teacher):
    assert (len(teacher.pieces), teacher.width) == (2000 - 5, 64)
    expected = ["Anna", "Hammo", "##nd", "saw", "Washi", "##ngton", "她", "."]
    assert sorted(teacher.pieces[: len(expected)]) == sorted(expected)
    tags = teacher.model.run(teacher.model.prepare(SENTENCES))
    assert list(map(len, tags)) == [4, 2]


def test_parameters_of_a_student(teacher, no_export):
    archive = compression_models.student(StudentSize(6, 4), teacher, num_pieces=9)
    (model,) = compression_models.forms(archive, "x", Path("nowhere"))
    lstm = 2 * 4 * 4 * (6 + 4 + 2)
    layer, head = 64 * (2 * 4 + 1), 7 * (64 + 1)
    table = 6 * (9 + 2)
    assert model.size == Size(table + lstm + layer + head, table, 4 * (table + lstm + layer + head))
    tags = model.run(model.prepare(SENTENCES))
    assert list(map(len, tags)) == [4, 2]


def test_a_quick_run(tmp_path, monkeypatch, capsys, no_export):
    monkeypatch.setattr(compression, "LANGUAGES", ("en",))
    compression.main(["--quick", "--json", str(tmp_path / "rows.json")])
    rows = json.loads((tmp_path / "rows.json").read_text())
    printed = capsys.readouterr()
    assert all(set(one) == {"claim", "goal", "value", "holds"} for one in rows)
    assert [(one["claim"], one["goal"]) for one in rows] == [
        ("E 8, H 4, torch: times fewer parameters", ">= 35"),
        ("E 8, H 4, torch: times faster, batch of 1, with tokenisation", ">= 16"),
        ("E 8, H 4, torch: times faster, batch of 1, model alone", ">= 16"),
        ("E 8, H 4, torch: times faster, batch of 32, with tokenisation", ">= 51"),
        ("E 8, H 4, torch: times faster, batch of 32, model alone", ">= 51"),
    ]
    lines = printed.out.split("\n\n")[0].splitlines()
    assert [one.split(" | ")[0].strip("| ") for one in lines] == [
        *("", "---", "teacher", "E 8, H 4, torch", "E 16, H 8, torch")
    ]
    assert len({one.count("|") for one in lines}) == 1
    assert "E 16, H 8, onnx int8: left out" in printed.err


def test_how_many_pieces_make_it_so_much_smaller():
    size = Size(parameters=5_500, in_embeddings=5_000, bytes=22_000)
    result = compression.Result("x", size, {})
    teacher = Size(35 * 1_500, 0, 0)
    assert compression.line(result, teacher, 10) == [*("x", "5,500", "5,000", "9.5", "100", "0.0")]
    assert compression.line(result, Size(35 * 400, 0, 0), 10)[4] == ""


def test_rows_are_of_the_model_of_their_name(monkeypatch):
    slow, fast = pair(Clock(monkeypatch))
    found = compression.run([slow, fast], SENTENCES, 1, 2)
    assert [one.name for one in found] == ["slow", "fast"]
    assert found[1].rows[32]["whole"]["ratio"] == pytest.approx(4.0)
    assert found[1].rows[1]["run"]["ratio"] == pytest.approx(6.0)
    rows = compression.claims(found)
    assert [one["value"] for one in rows] == pytest.approx([1.0, 4.0, 6.0, 4.0, 6.0])
