"""The files that an experiment leaves, of runs that are finished, failed, or not there."""

import json

import numpy as np
import pytest

from skd_plugin.experiments import Experiment
from skd_plugin.experiments.execution import EXAMPLES, OUTCOMES, Workplace
from skd_plugin.experiments.results import write_results
from tests.experiments import tiny

TOKENS = {"language": "en", "tokens": ["Anna", "sleeps"], "gold": ["B-PER", "O"]}


@pytest.fixture
def experiment(tmp_path):
    methods = [tiny.baseline(), tiny.student("posterior", {"type": "posterior"})]
    content = tiny.content([1, 2], *methods)
    del content["teachers"]["ru"], content["evaluation"]["zero_shot"]
    content["evaluation"]["test"].pop("ru")
    return Experiment(str(tiny.write(tmp_path / "x.jsonnet", content)), str(tmp_path / "out"))


def finish(experiment, name, counts, labels=(), posteriors=()):
    """Leaves what a run would."""
    run = next(one for one in experiment.runs() if one.name == name)
    folder = tiny.Path(experiment.folder) / name
    folder.mkdir(parents=True)
    np.savez(folder / OUTCOMES, **{"test/en": np.array(counts)})
    examples = [{**TOKENS, "labels": list(labels), "posteriors": posteriors}] if labels else []
    (folder / EXAMPLES).write_text(json.dumps(examples))
    for epoch, value in enumerate([0.25, 0.5]):
        metrics = {"validation_macro_f1": value}
        (folder / f"metrics_epoch_{epoch}.json").write_text(json.dumps(metrics))
    workplace = Workplace(experiment.folder, run)
    workplace._finish(workplace._inputs(), {"seconds": 3.0})


def written(experiment, name):
    return json.loads((tiny.Path(experiment.folder) / name).read_text())


def test_rows_are_in_the_order_of_the_methods_and_then_of_seeds(experiment):
    finish(experiment, "seed-2/posterior", [[1, 1, 1], [0, 0, 0]])
    finish(experiment, "seed-1/posterior", [[1, 2, 2], [0, 1, 1]])
    finish(experiment, "seed-2/teachers/en", [[0, 0, 0], [0, 0, 0]])
    write_results(experiment, {}, num_resamples=2)
    assert written(experiment, "results.json") == [
        {
            "method": method,
            "seed": seed,
            "language": "en",
            "split": "test",
            "metric": "f1",
            "value": value,
            "counts": {"sentences": sentences, "right": right, "found": found, "true": found},
        }
        for method, seed, value, sentences, right, found in [
            ("teachers", 2, 0.0, 2, 0, 0),
            ("posterior", 1, 1 / 3, 2, 1, 3),
            ("posterior", 2, 1.0, 2, 1, 1),
        ]
    ]
    assert written(experiment, "experiment.json") == experiment.as_json()
    statistics = written(experiment, "statistics.json")
    assert (statistics["metric"], statistics["resamples"]) == ("f1", 2)


def test_runs(experiment):
    finish(experiment, "seed-1/teachers/en", [[1, 1, 1], [0, 0, 0]])
    errors = {
        "seed-1/teachers/en": "of long ago",
        "seed-1/knowledge": "ValueError: bad",
        "seed-1/posterior": "not run: seed-1/knowledge failed",
    }
    write_results(experiment, errors, num_resamples=2)
    runs = {run.pop("name"): run for run in written(experiment, "runs.json")}
    assert list(runs) == [run.name for run in experiment.runs()]
    teacher = f"{experiment.folder}/seed-1/teachers/en"
    assert runs["seed-1/teachers/en"] == {
        "method": "teachers",
        "seed": 1,
        "language": "en",
        "status": "finished",
        "error": None,
        "costs": {"seconds": 3.0},
        "curve": [0.25, 0.5],
        "command": f"OMP_NUM_THREADS=1 allennlp train {teacher}.json -s {teacher}-by-hand --include-package skd_plugin",
    }
    assert runs["seed-1/knowledge"] == {
        "method": "knowledge",
        "seed": 1,
        "language": None,
        "status": "failed",
        "error": "ValueError: bad",
        "costs": None,
        "curve": [],
        "command": None,
    }
    assert runs["seed-1/posterior"]["status"] == "not run"
    assert runs["seed-1/posterior"]["error"] == "not run: seed-1/knowledge failed"
    assert (runs["seed-2/baseline"]["status"], runs["seed-2/baseline"]["error"]) == (
        "not run",
        None,
    )


def test_examples_have_the_labels_of_all_models(experiment):
    """Of the first seed; a label that a model does not know has no probability."""
    finish(
        experiment,
        "seed-1/teachers/en",
        [[1, 1, 1], [0, 0, 0]],
        ["B-PER", "O"],
        [[0.9, 0.1], [0.2, 0.8]],
    )
    finish(
        experiment,
        "seed-1/baseline",
        [[1, 1, 1], [0, 0, 0]],
        ["B-LOC", "O"],
        [[0.3, 0.7], [0.4, 0.6]],
    )
    finish(
        experiment,
        "seed-2/baseline",
        [[1, 1, 1], [0, 0, 0]],
        ["B-LOC", "O"],
        [[0.5, 0.5], [0.5, 0.5]],
    )
    write_results(experiment, {}, num_resamples=2)
    assert written(experiment, "examples.json") == [
        {
            **TOKENS,
            "labels": ["B-LOC", "B-PER", "O"],
            "posteriors": {
                "teachers": [[0.0, 0.9, 0.1], [0.0, 0.2, 0.8]],
                "baseline": [[0.3, 0.0, 0.7], [0.4, 0.0, 0.6]],
            },
        }
    ]


def test_nothing_is_finished(experiment):
    tiny.Path(experiment.folder).mkdir()
    write_results(experiment, {"seed-1/baseline": "ValueError: bad"}, num_resamples=2)
    assert written(experiment, "results.json") == written(experiment, "examples.json") == []
    assert written(experiment, "statistics.json")["scores"] == []
