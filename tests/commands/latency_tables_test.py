"""Sizes and latencies of taggers, as tables."""

from skd_plugin.commands.latency_tables import latency_tables, size_table


def rows_of(model, threads, size, length, ratio=1.0):
    """Those of one model in one cell."""
    cell = {"model": model, "threads": threads, "batch_size": size, "length": length}
    spread = {"low_ms": 2.5, "high_ms": 3.25, "words_per_second": 12345.6}
    ratios = {"ratio": ratio, "ratio_low": ratio - 0.5, "ratio_high": ratio + 0.5}
    medians = {"prepare": 0.126, "run": 2.0, "whole": 2.75}
    return [
        {**cell, "part": part, "median_ms": median, **spread, **ratios}
        for part, median in medians.items()
    ]


def cells(line):
    return line.split()


def test_sizes():
    teacher = {"parameters": 1234567, "in_embeddings": 1000, "bytes": 3 * 2**20}
    student = {"parameters": 1234, "in_embeddings": 0, "bytes": 512}
    first = {"model": "teacher", **teacher, "parameters_ratio": 1.0, "bytes_ratio": 1.0}
    second = {"model": "student", **student, "parameters_ratio": 1000.46, "bytes_ratio": 6144.0}
    head, *lines = size_table([first, second]).splitlines()
    assert head.split("  ")[0] == "model" and head.endswith("  on disk  times smaller")
    assert list(map(cells, lines)) == [
        ["teacher", "1,234,567", "1,000", "1.0", "3.0", "MiB", "1.0"],
        ["student", "1,234", "0", "1000.5", "512", "B", "6144.0"],
    ]


def test_a_table_for_each_number_of_threads():
    models = (("teacher", 1.0), ("student", 4.0))
    rows = [
        row
        for threads in (1, 2)
        for size, length in ((1, "all"), (1, 1), (32, 8))
        for model, ratio in models
        for row in rows_of(model, threads, size, length, ratio)
    ]
    one, two = latency_tables(rows).split("\n\n")
    title, head, *lines = one.splitlines()
    assert title == "1 thread; milliseconds a sentence"
    assert head.split()[-4:] == ["times", "faster", "95", "%"] and two.startswith("2 threads; ")
    assert [line for line in lines if not line.startswith("  ")] == [
        "batch 1, all lengths",
        "batch 1, 1 word",
        "batch 32, 8 words",
    ]
    numbers = ["0.13", "2.00", "2.75", "2.50-3.25", "12,346"]
    assert cells(lines[1]) == ["teacher", *numbers, "1.0", "0.5-1.5"]
    assert cells(lines[2]) == ["student", *numbers, "4.0", "3.5-4.5"]
    assert len(lines) == 9 and two.splitlines()[1:] == [head, *lines]
