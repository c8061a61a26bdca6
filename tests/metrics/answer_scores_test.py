"""Scores of answers, by hand, and over processes."""

import pytest
import torch.distributed as dist
import torch.multiprocessing as mp

from skd_plugin.metrics import AnswerScores
from skd_plugin.metrics.answer_scores import normalized, word_f1


@pytest.mark.parametrize(
    "answer, expected",
    [("The  A. Smith's", "smiths"), ("Theatre an", "theatre"), ("Été, là!", "été là")],
)
def test_what_does_not_count(answer, expected):
    assert normalized(answer) == expected


@pytest.mark.parametrize(
    "answer, right, expected",
    [
        ("in the old mill", "old mill", 0.8),
        ("mill mill", "mill", 2 / 3),
        ("lake", "mill", 0.0),
        ("the", "a", 0.0),  # nothing is left of either
        ("昨天", "昨天安娜", 0.0),  # words are what stands between spaces
    ],
)
def test_f1_of_words(answer, right, expected):
    assert word_f1(answer, right) == pytest.approx(expected)


def test_best_window_and_best_right_answer_count():
    metric = AnswerScores()
    assert metric.get_metric(reset=True) == {}
    metric("en", "1", -2.0, "a mill", ["lake", "Mill"])
    metric("en", "1", -3.0, "lake house", ["lake", "Mill"])
    metric("en", "2", -1.0, "old mill", ["in the old mill", "old lake"])
    metric("de", "1", -1.0, "See", ["Mühle"])
    assert metric.get_metric() == {}  # until all is known
    assert metric.get_metric(reset=True) == pytest.approx(
        {
            "_de_em": 0.0,
            "_de_f1": 0.0,
            "_en_em": 0.5,
            "_en_f1": 0.9,
            "macro_em": 0.25,
            "macro_f1": 0.45,
        }
    )
    assert metric.get_metric(reset=True) == {}


def test_the_same_id_of_another_passage_is_another_question():
    metric = AnswerScores()
    metric("und", ("1", "a mill"), -1.0, "mill", ["mill"])
    metric("und", ("1", "eine Mühle"), -2.0, "eine", ["Mühle"])
    assert metric.get_metric(reset=True)["macro_em"] == 0.5


def in_process(rank, rendezvous, results):
    dist.init_process_group("gloo", rank=rank, world_size=2, init_method=f"file://{rendezvous}")
    metric = AnswerScores()
    metric("en", "1", -float(rank), "mill" if rank else "lake", ["mill"])  # two windows
    metric("en", f"of {rank}", 0.0, "mill", ["mill"])
    results[rank] = metric.get_metric(reset=True)


def test_windows_of_a_question_in_two_processes(tmp_path):
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(in_process, (tmp_path / "rendezvous", results), nprocs=2)
        assert results[0] == results[1] and results[0]["_en_em"] == pytest.approx(2 / 3)
