"""What is said of measurements."""

import numpy as np
import pytest

from skd_plugin.latency import Cell, Size, TimedModel, Times, latency_rows, size_rows
from skd_plugin.latency.rows import speedup


def times(seconds):
    seconds = np.array(seconds)
    parts = {"prepare": seconds / 4, "run": seconds * 3 / 4, "whole": seconds}
    return Times(parts, np.full(len(seconds), 20))


def test_sizes():
    rows = size_rows([TimedModel("a", Size(600, 50, 2400)), TimedModel("b", Size(200, 0, 800))])
    assert rows[1] == {
        "model": "b",
        "parameters": 200,
        "in_embeddings": 0,
        "bytes": 800,
        "parameters_ratio": 3.0,
        "bytes_ratio": 3.0,
    }
    assert rows[0]["parameters_ratio"] == rows[0]["bytes_ratio"] == 1.0


def test_rows_of_a_cell():
    seconds = np.arange(1.0, 12.0)  # its percentiles: 2, 6, 10
    found = latency_rows(["a", "b"], Cell(2, 4, None), [times(seconds), times(seconds / 2)])
    assert [(row["model"], row["part"]) for row in found] == [
        (model, part) for model in "ab" for part in ("prepare", "run", "whole")
    ]
    assert found[5] == {
        "model": "b",
        "batch_size": 4,
        "length": "all",
        "threads": 2,
        "part": "whole",
        "rounds": 11,
        "median_ms": pytest.approx(750.0),
        "low_ms": pytest.approx(250.0),
        "high_ms": pytest.approx(1250.0),
        "words_per_second": pytest.approx(20 / 3),
        "ratio": pytest.approx(2.0),
        "ratio_low": pytest.approx(2.0),
        "ratio_high": pytest.approx(2.0),
    }
    assert found[0]["median_ms"] == pytest.approx(375.0)
    assert latency_rows(["a"], Cell(1, 1, 8), [times(seconds)])[0]["length"] == 8


def test_the_interval_covers_the_true_speedup():
    generator = np.random.default_rng(5)
    covered, widths = 0, []
    for _ in range(200):
        base, seconds = generator.lognormal(sigma=0.3, size=(2, 40))
        _, (low, high) = speedup(3 * base, seconds)
        covered += low <= 3 <= high
        widths.append(high - low)
    assert covered >= 0.9 * 200 and np.mean(widths) < 1.5
    assert speedup(base, seconds) == speedup(base, seconds)
