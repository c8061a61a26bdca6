"""Measurements of taggers whose times are known."""

import numpy as np
import torch

from skd_plugin.latency import Cell, measure
from tests.latency.fakes import Clock, FakeModel, pair

SENTENCES = [["a"], ["b", "c"], ["d", "e", "f"]]


def test_parts_are_timed_apart(monkeypatch):
    slow, fast = pair(Clock(monkeypatch))
    times = measure([slow, fast], SENTENCES, Cell(1, 1, None), repeats=4)
    words = np.array([1, 2, 3, 1])
    for one, (prepare, run) in zip(times, [(1.0, 3.0), (0.5, 0.5)]):
        np.testing.assert_allclose(one.seconds["prepare"], prepare * words)
        np.testing.assert_allclose(one.seconds["run"], run * words)
        np.testing.assert_allclose(one.seconds["whole"], (prepare + run) * words)
        np.testing.assert_array_equal(one.words, words)


def test_all_see_the_same_batches(monkeypatch):
    slow, fast = pair(Clock(monkeypatch))
    measure([slow, fast], SENTENCES, Cell(1, 2, 2), repeats=2)
    cut = [["a", "b"], ["b", "c"], ["d", "e"]]
    rounds = [[cut[0], cut[1]], [cut[2], cut[0]]]
    warm_up = [[cut[2], cut[0]], [cut[1], cut[2]]]
    assert slow.seen == fast.seen == warm_up + rounds


def test_the_quick_are_called_before_their_turn(monkeypatch):
    clock = Clock(monkeypatch)
    slow, quick = FakeModel("slow", clock, 1.0, 3.0), FakeModel("quick", clock, 1e-4, 1e-4)
    times = measure([slow, quick], SENTENCES, Cell(1, 1, None), repeats=3)
    a, b, c = ([words] for words in SENTENCES)
    assert slow.seen == [b, c, a, b, c]
    assert quick.seen == [b, c, a, a, b, b, c]
    assert len(times[1].words) == 3


def test_rounds_fit_into_the_budget(monkeypatch):
    slow, fast = pair(Clock(monkeypatch))
    cell = Cell(1, 1, 1)
    assert len(measure([slow, fast], SENTENCES, cell)[0].words) == 5
    assert len(measure([slow, fast], SENTENCES, cell, budget=50.0)[0].words) == 10
    assert len(measure([fast], SENTENCES, cell, budget=1e9)[0].words) == 100


def test_threads(monkeypatch):
    slow, fast = pair(Clock(monkeypatch))
    seen = []
    monkeypatch.setattr(slow, "wait", lambda: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    measure([slow, fast], SENTENCES, Cell(3, 1, None), repeats=1)
    assert set(seen) == {3} and slow.threads == fast.threads == [3]
    assert torch.get_num_threads() == before
