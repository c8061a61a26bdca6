"""The files that an experiment leaves: results, statistics, runs and examples, and the report made of them."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from skd_plugin.experiments.checks import P_AT_1
from skd_plugin.experiments.evaluation import score
from skd_plugin.experiments.execution import Outcome, Workplace
from skd_plugin.experiments.experiment import KNOWLEDGE, Experiment, Run
from skd_plugin.experiments.retrieval import translations
from skd_plugin.experiments.statistics import Outcomes, analyse
from skd_plugin.whole_files import write_whole


def write_results(
    experiment: Experiment, errors: Dict[str, Optional[str]], num_resamples: int = 10_000
) -> None:
    """
    Writes `experiment.json`, `results.json`, `statistics.json`, `runs.json` and `examples.json` of what is finished.

    # Parameters

    experiment : `Experiment`
    errors : `Dict[str, Optional[str]]`
        By name of the run.
    num_resamples : `int`, optional (default = `10_000`)
        Of the bootstrap.
    """
    runs = experiment.runs()
    workplaces = {run.name: Workplace(experiment.folder, run) for run in runs}
    outcomes = {
        run.name: workplaces[run.name].outcome()
        for run in runs
        if run.config is not None and workplaces[run.name].is_finished
    }
    folder = Path(experiment.folder)
    finished = [(run, outcomes[run.name]) for run in runs if run.name in outcomes]
    write_whole(folder / "experiment.json", experiment.as_json())
    write_whole(folder / "results.json", _rows(experiment, finished))
    described = [_describe(workplaces[run.name], outcomes.get(run.name), errors) for run in runs]
    write_whole(folder / "runs.json", described)
    write_whole(folder / "examples.json", _examples(experiment, finished))
    pairs = [(method.name, other) for method in experiment.methods for other in method.against]
    same = translations(experiment.evaluation) if experiment.metric == P_AT_1 else {}
    statistics = analyse(
        _outcomes(finished), pairs, num_resamples=num_resamples, same_sentences=same
    )
    write_whole(folder / "statistics.json", {"metric": experiment.metric, **statistics.as_json()})


def _outcomes(finished: List[Tuple[Run, Outcome]]) -> Outcomes:
    return {
        (run.method, run.seed, split, language): counts
        for run, outcome in finished
        for (split, language), counts in outcome.counts.items()
    }


def _rows(experiment: Experiment, finished: List[Tuple[Run, Outcome]]) -> List[Dict[str, Any]]:
    """The rows of `results.json`: method by method as in the tables, then by seed, split and language."""
    rows = []
    for run, outcome in finished:
        for (split, language), counts in outcome.counts.items():
            rows.append(
                {
                    "method": run.method,
                    "seed": run.seed,
                    "language": language,
                    "split": split,
                    "metric": experiment.metric,
                    "value": score(counts),
                    "counts": _named(counts),
                }
            )
    order = [method.name for method in [*experiment.teachers, *experiment.methods]]
    return sorted(rows, key=lambda row: order.index(row["method"]))


def _named(counts: np.ndarray) -> Dict[str, int]:
    right, found, true = counts.sum(axis=0).tolist()
    return {"sentences": len(counts), "right": right, "found": found, "true": true}


def _describe(
    workplace: Workplace, outcome: Optional[Outcome], errors: Dict[str, Optional[str]]
) -> Dict[str, Any]:
    """A row of `runs.json`."""
    run = workplace.run
    error = errors.get(run.name)
    status = "failed" if error else "not run"
    costs: Optional[Dict[str, Any]] = None
    if workplace.is_finished:
        status, error = "finished", None
        costs = outcome.costs if outcome is not None else {"seconds": workplace.seconds}
    elif error and error.startswith("not run"):
        status = "not run"
    return {
        "name": run.name,
        "method": run.method,
        "seed": run.seed,
        "language": run.language,
        "status": status,
        "error": error,
        "costs": costs,
        "curve": outcome.curve if outcome is not None else [],
        "command": None if run.method == KNOWLEDGE else workplace.command,
    }


def _examples(experiment: Experiment, finished: List[Tuple[Run, Outcome]]) -> List[Dict[str, Any]]:
    """The sentences of `examples.json`, with the posteriors of all methods of the first seed."""
    merged: Dict[Tuple[str, ...], Dict[str, Any]] = {}
    for run, outcome in finished:
        if run.seed != experiment.seeds[0]:
            continue
        for example in outcome.examples:
            key = (example["language"], *example["tokens"])
            labels = example["labels"]
            kept = merged.setdefault(key, {**example, "posteriors": {}})
            kept["labels"] = sorted({*kept["labels"], *labels})
            kept["posteriors"][run.method] = (labels, example["posteriors"])
    for example in merged.values():
        example["posteriors"] = {
            method: [_arranged(row, labels, example["labels"]) for row in rows]
            for method, (labels, rows) in example["posteriors"].items()
        }
    return list(merged.values())


def _arranged(row: List[float], labels: List[str], wanted: List[str]) -> List[float]:
    """Probabilities in the order of other labels; 0 for a label that the model does not know."""
    known = dict(zip(labels, row))
    return [round(known.get(label, 0.0), 4) for label in wanted]
