"""Threads, and that all is then as before."""

import os

import pytest
import torch

from skd_plugin.latency.threads import all_threads, busy_with, using_threads


@pytest.mark.parametrize("before", [None, "true"])
def test_threads_are_given_back(before, monkeypatch):
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    if before:
        monkeypatch.setenv("TOKENIZERS_PARALLELISM", before)
    threads = torch.get_num_threads()
    with pytest.raises(KeyError), using_threads(2):
        assert torch.get_num_threads() == 2
        assert os.environ["TOKENIZERS_PARALLELISM"] == "true"
        with using_threads(1):
            assert torch.get_num_threads() == 1
            assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
        raise KeyError
    assert torch.get_num_threads() == threads
    assert os.environ.get("TOKENIZERS_PARALLELISM") == before


def test_load(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 2.0, 3.0), raising=False)
    assert busy_with() == 1.5
    monkeypatch.delattr(os, "getloadavg")
    assert busy_with() == 0.0


def test_all_threads_are_those_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert all_threads() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert all_threads() == 7
