"""That benchmarks measure what they say and judge rightly; how fast anything is they say themselves."""

import json
import sys

import pytest
import torch

from benchmarks import side_by_side, structures, training_steps
from benchmarks.agreement import Verdict, check_nll, check_paths
from benchmarks.claims import Results, all_claims, row
from benchmarks.crf_peers import AllenNLP
from benchmarks.libraries import Ours, Paths
from benchmarks.memory import _peak_on_cpu
from benchmarks.own_costs import Growth
from benchmarks.peers import PEERS
from benchmarks.problems import Shape, exact_nll, make_problem, path_scores
from benchmarks.side_by_side import Cell
from benchmarks.timing import Setting, Timing, take_turns

CPU = torch.device("cpu")


@pytest.fixture(params=["mixed", "equal", "wide"])
def problem(request):
    return make_problem(Shape(5, 4, 3, request.param), CPU)


def test_the_script_writes_its_rows_and_results(tmp_path):
    arguments = ["--tiny", "--device", "cpu", "--threads", "1"]
    arguments += ["--json", str(tmp_path / "rows.json"), "--output", str(tmp_path / "results")]
    threads = torch.get_num_threads()
    try:
        structures.main(arguments)
    finally:
        torch.set_num_threads(threads)

    rows = json.loads((tmp_path / "rows.json").read_text())
    assert all(set(one) == {"claim", "goal", "value", "holds"} for one in rows)
    assert len({one["claim"] for one in rows}) == len(rows)
    # The tiny plan lacks the headline size, which eight claims are about.
    assert sum(one["value"] is None for one in rows) == 8
    page = (tmp_path / "results" / "structures.md").read_text()
    assert all(one["claim"] in page for one in rows)
    assert (tmp_path / "results" / "structures.png").stat().st_size > 10_000
    data = json.loads((tmp_path / "results" / "structures.json").read_text())
    judged = {
        (cell["task"], cell["num_tokens"]): cell["note"] or "agrees"
        for cell in data["cells"]
        if cell["library"] == "allennlp"
    }
    assert judged == {
        ("nll", 4): "agrees",
        ("decode", 4): "agrees",
        ("top_k", 4): "agrees",
        ("top_k", 2): "peer wrong: gives 5 paths of sentence 1, which has 4",
    }


def test_a_goal_is_compared():
    assert row("fast", ">= 3", 3.5) == {
        "claim": "fast",
        "goal": ">= 3",
        "value": 3.5,
        "holds": True,
    }
    assert not row("fast", ">= 3", 2.9)["holds"]
    assert row("small", "<= 1", 0.5)["holds"] and not row("small", "<= 1", 1.5)["holds"]
    missing = row("fast", ">= 3", None)
    assert missing["value"] is None and not missing["holds"]
    assert missing["claim"] == "fast (not measured: see the tables)"


def test_being_wrong_is_counted():
    timing = Timing(1.0, 2.0, (2.0, 2.0), 5)
    cells = [
        Cell("nll", Shape(1, 1, 1), 1, Setting("cpu"), "skd_plugin", timing),
        Cell("nll", Shape(1, 1, 1), 1, Setting("cpu"), "allennlp", timing),
        Cell("nll", Shape(1, 1, 1), 1, Setting("cpu"), "supar", None, "peer wrong: loss"),
    ]
    results = Results([Setting("cpu")], cells, [], [])
    assert all_claims(results)[0] == {
        "claim": "outputs: cells in which skd_plugin is wrong, beside 1 that agree",
        "goal": "<= 0",
        "value": 0.0,
        "holds": True,
    }
    cells[2] = cells[2]._replace(note="skd_plugin wrong: loss")
    assert not all_claims(results)[0]["holds"]


def test_growth_is_fitted_where_it_is_more_than_overhead():
    sizes = (1, 2, 4, 8, 16, 32)
    seconds = (1.0, 1.1, 1.2, 4.0, 16.0, 64.0)
    growth = Growth("nll", "C", sizes, seconds)
    assert growth.fitted == 3
    assert growth.exponent == pytest.approx(2.0)
    assert Growth("nll", "C", sizes, (1.0,) * 6).fitted == 3


def test_calls_take_turns():
    calls = []
    timings = take_turns(
        {"ours": lambda: calls.append("a"), "theirs": lambda: calls.append("b")},
        "cpu",
        0.0,
        least=4,
    )
    assert "".join(calls) == "abbaabba"
    assert timings["ours"].ratio == 1.0 and timings["theirs"].rounds == 4


def test_memory_is_the_peak_and_not_the_sum():
    def call():
        for _ in range(3):
            torch.empty(250_000).add(1.0)

    assert 2_000_000 <= _peak_on_cpu(call) < 2_100_000


def test_problems_repeat_and_differ():
    shape = Shape(4, 6, 3)
    one, same, other = (make_problem(shape, CPU, seed) for seed in (1, 1, 2))
    assert torch.equal(one.emissions, same.emissions)
    assert not torch.equal(one.emissions, other.emissions)
    assert one.lengths[0] == 6 and one.lengths.min() >= 3
    assert torch.equal(one.mask.sum(dim=1), one.lengths)


def test_the_judge_agrees_with_two_libraries(problem):
    exact = exact_nll(problem, chunk=2)
    for library in (Ours(problem), AllenNLP(problem)):
        for right, found in zip(exact, library.read_nll(library.nll())):
            torch.testing.assert_close(found.double(), right, rtol=1e-4, atol=1e-4)


def test_a_wrong_likelihood_is_found_out(problem):
    right = Ours(problem).nll()
    check_nll(problem, right, right)
    for index, name in enumerate(("loss", "emissions", "transitions", "start", "end")):
        wrong = [tensor.clone() for tensor in right]
        wrong[index] += 0.01 * wrong[index].abs().max().clamp(min=1.0)
        with pytest.raises(Verdict, match=f"peer wrong: .*{name} is off") as caught:
            check_nll(problem, right, wrong)
        assert not caught.value.ours
        with pytest.raises(Verdict, match=f"skd_plugin wrong: .*{name} is off") as caught:
            check_nll(problem, wrong, right)
        assert caught.value.ours


def paths_of(problem, k):
    library = Ours(problem)
    return library.read_paths(library.top_k(k))


def notes(task="nll"):
    cells = side_by_side.SideBySide(Setting("cpu")).run(task, Shape(2, 4, 3), 2, 0.0)
    return {cell.library: (cell.note, cell.timing is not None) for cell in cells}


def test_a_peer_that_is_not_there_is_a_column(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchcrf", None)
    assert notes()["pytorch-crf"] == ("not installed", False)
    assert notes("top_k")["allennlp"] == ("", True)


def test_a_peer_that_fails_or_is_wrong_is_a_column(monkeypatch):
    monkeypatch.setattr(AllenNLP, "nll", lambda self: torch.zeros(3)[3])
    message, timed = notes()["allennlp"]
    assert message.startswith("peer fails: IndexError: ") and not timed
    monkeypatch.setattr(AllenNLP, "nll", lambda self: [torch.zeros(())] * 5)
    message, timed = notes()["allennlp"]
    assert message.startswith("peer wrong: loss is off by ") and not timed


def test_slow_and_large_peers_are_not_repeated(monkeypatch):
    monkeypatch.setattr(side_by_side, "SECONDS_TO_REPEAT", 0.0)
    assert notes()["allennlp"] == ("1 call", True)
    monkeypatch.setattr(side_by_side, "SECONDS_TO_CALL", 0.0)
    assert notes()["allennlp"] == ("skipped: ~0 s a call", False)
    monkeypatch.setattr(AllenNLP, "gigabytes", lambda task, shape, k: 17.0)
    assert notes()["allennlp"] == ("skipped: ~17 GB a call", False)


def test_right_paths_agree(problem):
    ours, peer = Ours(problem), AllenNLP(problem)
    for k in (1, 4):
        check_paths(problem, paths_of(problem, k), peer.read_paths(peer.top_k(k)), k)
    best = ours.read_paths(ours.decode())
    check_paths(problem, best, peer.read_paths(peer.decode()), 1)
    torch.testing.assert_close(best.scores[:, 0].double(), path_scores(problem, best.tags)[:, 0])


def wrong_lists(paths, better):
    """Faults of a list of paths, and what is said of them."""
    tags, scores, exist = paths
    yield Paths(tags[:, [0, 0, 1, 2]], None, exist), "of 4 paths of sentence 1 only 3 are distinct"
    yield Paths(tags[:, [1, 0, 2, 3]], None, exist), "paths are not in order"
    yield Paths(tags, scores + 1.0, exist), "says .* of a path whose score is"
    yield Paths(tags[:, :3], None, exist[:, :3]), "gives 3 paths of sentence 1, which has 4"
    yield Paths(
        better.tags[:, 1:], None, exist
    ), "path 1 of sentence . has the score .* there is one"


def test_wrong_paths_are_found_out(problem):
    right = paths_of(problem, 4)
    for wrong, message in wrong_lists(right, paths_of(problem, 5)):
        with pytest.raises(Verdict, match=f"peer wrong: {message}"):
            check_paths(problem, right, wrong, 4)
        with pytest.raises(Verdict, match=f"skd_plugin wrong: {message}"):
            check_paths(problem, wrong, right, 4)


def test_every_library_says_how_it_grows():
    for peer in PEERS:
        for task in peer.tasks:
            for k in (1, 10):
                small, large = (
                    peer.nanoseconds(task, Shape(8, tokens, 5), k) for tokens in (8, 64)
                )
                assert 0 < small < large
                assert peer.gigabytes(task, Shape(8, 64, 5), k) >= 0


def test_the_benchmark_of_training_steps(tmp_path, monkeypatch, capsys):
    arguments = ["training_steps.py", "--quick", "--json", str(tmp_path / "rows")]
    monkeypatch.setattr(sys, "argv", arguments)
    steps = training_steps
    tiny = [steps.lstm(4, 5, 3, 2), steps.characters(2, 3, 2), steps.adam(5, 2)]
    monkeypatch.setattr(steps, "pairs", lambda is_quick: tiny)
    threads = torch.get_num_threads()
    try:
        steps.main()
    finally:
        torch.set_num_threads(threads)
    rows = json.loads((tmp_path / "rows").read_text())
    printed = capsys.readouterr().out
    for pair, one in zip(tiny, rows):
        assert one["claim"] == f"time of {pair.what}: ratio" and f"| {pair.what} |" in printed
        assert one["value"] > 0 and one["holds"] == (one["value"] <= one["goal"])
    assert len(rows) == 3


def test_sizes_of_training_steps():
    quick, all_of_them = (training_steps.pairs(is_quick) for is_quick in (True, False))
    assert len({pair.what for pair in all_of_them}) == len(all_of_them)
    assert {pair.what for pair in quick} < {pair.what for pair in all_of_them}
