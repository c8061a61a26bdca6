"""`allennlp benchmark-latency`: sizes and latencies side by side."""

import json

import pytest

from skd_plugin.commands import benchmark_latency
from skd_plugin.commands.latency_tables import latency_tables, size_table
from skd_plugin.latency.threads import all_threads
from tests.runs import NER, allennlp

DATA = NER / "en" / "test.txt"


def benchmark(*arguments):
    """The exit status."""
    try:
        allennlp("benchmark-latency", *arguments)
    except SystemExit as exit:
        return exit.code
    return 0


def test_rows(student, teachers, tmp_path, capsys):
    paths = [str(teachers / "en" / "model.tar.gz"), str(student)]
    cells = ["--batch-sizes", 1, 4, "--lengths", "all", 8, "--threads", 1, "all", 1]
    output = tmp_path / "rows.json"
    assert benchmark(*paths, "--data", DATA, *cells, "--repeats", 2, "--json", output) == 0
    found = json.loads(output.read_text())
    assert [one["model"] for one in found["models"]] == paths
    threads = list(dict.fromkeys([1, all_threads()]))
    settings = [
        (number, size, length) for number in threads for size in (1, 4) for length in ("all", 8)
    ]
    expected = [
        (*setting, path, part)
        for setting in settings
        for path in paths
        for part in ("prepare", "run", "whole")
    ]
    names = ("threads", "batch_size", "length", "model", "part")
    assert [tuple(row[name] for name in names) for row in found["rows"]] == expected
    for row in found["rows"]:
        assert row["rounds"] == 2 and 0 < row["low_ms"] <= row["median_ms"] <= row["high_ms"]
        if row["model"] == paths[0]:
            assert row["ratio"] == row["ratio_low"] == row["ratio_high"] == 1.0
    printed = capsys.readouterr().out
    assert size_table(found["models"]) in printed and latency_tables(found["rows"]) in printed


def test_the_same_model_twice_is_two(student, tmp_path):
    output = tmp_path / "rows.json"
    cells = ["--batch-sizes", 1, "--lengths", 8, "--threads", 1, "--repeats", 2]
    assert benchmark(student, student, "--data", DATA, *cells, "--json", output) == 0
    rows = json.loads(output.read_text())["rows"]
    assert len(rows) == 6 and rows[0]["median_ms"] != rows[3]["median_ms"]


def test_defaults():
    cells = []

    def fake(models, sentences, cell, repeats):
        cells.append(cell)
        assert repeats is None
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmark_latency, "load_timed", lambda path, device: None)
        patch.setattr(benchmark_latency, "size_rows", lambda models: [])
        patch.setattr(benchmark_latency, "size_table", lambda rows: "")
        patch.setattr(benchmark_latency, "measure", fake)
        assert benchmark("x", "--data", DATA) == 130
    assert cells == [(1, 1, None)]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere"], "nowhere: no such archive or folder of a tagger"),
        (["x", "--lengths", "long"], "expected \"all\" or a positive number, got 'long'"),
        (["x", "--threads", "0"], "expected \"all\" or a positive number, got '0'"),
        (["x", "--batch-sizes", "0"], "expected a positive number, got '0'"),
        (["x", "--cuda-device", "99"], "--cuda-device 99: expected -1, for the CPU"),
        (["x", "--reader", "{"], "--reader {: expected a name or JSON"),
    ],
)
def test_what_is_wrong_is_said(arguments, message, capsys):
    assert benchmark(*arguments, "--data", DATA) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path, capsys):
    for path in (tmp_path, tmp_path / "nowhere" / "x.json"):
        assert benchmark("x", "--data", DATA, "--json", path) == 2
        message = f"--json {path}: expected a file that can be written"
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("load, warns", [(1.1, True), (0.9, False)])
def test_a_busy_machine_is_warned_of(load, warns, monkeypatch, capsys):
    monkeypatch.setattr(benchmark_latency, "busy_with", lambda: load)
    monkeypatch.setattr(benchmark_latency, "all_threads", lambda: 2)
    assert benchmark("nowhere", "--data", DATA) == 2
    assert ("Others keep 1.1 of the 2 cores busy" in capsys.readouterr().err) == warns


def test_help(capsys):
    assert benchmark("-h") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "95 % intervals over rounds" in printed and "--include-package" in printed
