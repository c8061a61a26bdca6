"""The benchmark of what a cache saves an `mmkd_encoder`."""

import json
import sys

import torch

from benchmarks import alignment


def test_the_benchmark_of_alignment(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["alignment.py", "--quick", "--json", str(tmp_path / "rows")])
    tiny = alignment.Size(4, 50, 16, 1, 24, 1)
    monkeypatch.setattr(alignment, "Size", lambda: tiny)
    threads = torch.get_num_threads()
    try:
        alignment.main()
    finally:
        torch.set_num_threads(threads)
    rows = json.loads((tmp_path / "rows").read_text())
    printed = capsys.readouterr().out
    for row, levels in zip(rows, alignment.LEVELS):
        assert row["claim"] == f"pairs a second with the cache, to those without: {levels}"
        assert row["value"] > 0 and row["holds"] == (row["value"] >= 1.1)
        assert f"| {levels} |" in printed
    assert len(rows) == 2
