"""Folders of experiments that never ran, with plausible numbers."""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from skd_plugin.experiments.experiment import is_teacher

LANGUAGES = ["en", "he", "fa", "ja", "ta", "zh", "de", "id"] + [f"l{index}" for index in range(20)]
ZERO_SHOT = ["fr", "sl", "ar"]
SENTENCES = {
    "en": "The old bridge crosses the river",
    "he": "הגשר הישן חוצה את הנהר",
    "fa": "پل قدیمی از رودخانه می‌گذرد",
    "ja": "古い 橋 が 川 を 渡る",
    "ta": "பழைய பாலம் ஆற்றைக் கடக்கிறது",
    "zh": "旧 桥 横跨 河流",
}
LABELS = ["ADJ", "ADP", "DET", "NOUN", "PUNCT", "VERB"]


def method(
    name: str, group: Optional[str], against: Sequence[str] = ("baseline",), **ablation: Any
) -> Dict[str, Any]:
    """A row of `experiment.json`."""
    return {
        "name": name,
        "group": group,
        "against": list(against),
        "ablation": ablation or None,
    }


def many_methods(number: int) -> List[Dict[str, Any]]:
    """Teachers, baseline, and students in groups up to a number."""
    labelled = ["emission", "top_k", "weighted_top_k", "posterior", "posterior_top_wk"]
    methods = [
        method("teachers", None, ()),
        method("baseline", "labelled data", ()),
        *(method(name, "labelled data") for name in [*labelled, "structural"]),
        method("baseline_equal_updates", "with unlabelled text"),
        method("pseudo_label_text", "with unlabelled text", ["baseline_equal_updates"]),
        *(
            method(f"{name}_text", "with unlabelled text", ["baseline_equal_updates", "baseline"])
            for name in [*labelled, "structural"]
        ),
        *(
            method(f"weighted_top_k_{k}", "K", of="weighted_top_k", parameter="k", value=k)
            for k in (1, 2, 5, 10, 50)
        ),
        *(
            method(
                f"posterior_{t}", "temperature", of="posterior", parameter="temperature", value=t
            )
            for t in (0.5, 1, 2)
        ),
    ]
    more = [method(f"метод_{index}", "more") for index in range(number - len(methods))]
    return [*methods, *more][:number]


def write_folder(
    folder: Path,
    methods: Sequence[Dict[str, Any]],
    languages: int = 4,
    seeds: Sequence[int] = (1, 2, 3),
    zero_shot: bool = True,
    examples: bool = True,
    unfinished: Sequence[str] = (),
    failed: Sequence[str] = (),
) -> Path:
    """
    # Parameters

    unfinished, failed : `Sequence[str]`
        Names of methods none of whose runs has finished.
    """
    folder.mkdir(parents=True, exist_ok=True)
    split = {"test": LANGUAGES[:languages]}
    if zero_shot:
        split["zero_shot"] = ZERO_SHOT
    files: Dict[str, Any] = {
        "experiment.json": {
            "title": "Universal Dependencies, parts of speech",
            "metric": "accuracy",
            "seeds": list(seeds),
            "languages": split,
            "methods": list(methods),
            "command": "allennlp distill training_configs/experiments/ud_pos.jsonnet -s runs",
        }
    }
    done = [one for one in methods if one["name"] not in {*unfinished, *failed}]
    results = _results(done, split, seeds)
    files["results.json"] = results
    files["statistics.json"] = _statistics(done, split, results, seeds)
    files["runs.json"] = _runs(methods, split["test"], seeds, unfinished, failed)
    if examples:
        files["examples.json"] = _examples([one["name"] for one in done])
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def _results(
    methods: Sequence[Dict[str, Any]], languages: Dict[str, List[str]], seeds: Sequence[int]
) -> List[Dict[str, Any]]:
    random = np.random.RandomState(1)
    rows = []
    skill = {one["name"]: 0.008 * random.rand() for one in methods}
    skill.update({name: 0.02 for name in skill if is_teacher(name)}, teachers=0.012, baseline=0.0)
    for one in methods:
        for split, names in languages.items():
            for number, language in enumerate(names):
                if is_teacher(one["name"]) and split != "test":
                    continue
                level = {"test": 0.91, "zero_shot": 0.45}[split] - 0.01 * (number % 5)
                for seed in seeds:
                    right = int(10_000 * (level + skill[one["name"]] + 0.0025 * random.randn()))
                    counts = {"sentences": 500, "right": right, "found": 10_000, "true": 10_000}
                    row = {"method": one["name"], "seed": seed, "language": language}
                    row.update(split=split, metric="accuracy", value=right / 10_000, counts=counts)
                    rows.append(row)
    return rows


def _values(rows: List[Dict[str, Any]], name: str, split: str, languages: List[str]) -> List[float]:
    """One a seed, the mean of some languages."""
    by_seed: Dict[int, List[float]] = {}
    for row in rows:
        if row["method"] == name and row["split"] == split and row["language"] in languages:
            by_seed.setdefault(row["seed"], []).append(row["value"])
    return [mean(values) for values in by_seed.values()]


def _statistics(
    methods: Sequence[Dict[str, Any]],
    languages: Dict[str, List[str]],
    rows: List[Dict[str, Any]],
    seeds: Sequence[int],
) -> Dict[str, Any]:
    found: Dict[str, Any] = {"metric": "accuracy", "resamples": 10_000, "level": 0.95}
    found.update(scores=[], comparisons=[], gap_closed=[])
    for split, names in languages.items():
        for language, averaged in [*((name, [name]) for name in names), ("macro", names)]:
            scores = {one["name"]: _values(rows, one["name"], split, averaged) for one in methods}
            place = {"split": split, "language": language}
            _add(
                found, methods, {name: vs for name, vs in scores.items() if vs}, place, list(seeds)
            )
    return found


def _add(
    found: Dict[str, Any],
    methods: Sequence[Dict[str, Any]],
    scores: Dict[str, List[float]],
    place: Dict[str, Any],
    seeds: List[int],
) -> None:
    half = 0.003 if place["language"] == "macro" else 0.006
    for one in methods:
        name = one["name"]
        if name not in scores:
            continue
        value = mean(scores[name])
        spread = stdev(scores[name]) if len(seeds) > 1 else None
        row = {"method": name, **place, "mean": value, "sd": spread}
        found["scores"].append({**row, "low": value - half, "high": value + half, "seeds": seeds})
        for other in one["against"]:
            if other in scores:
                row = _comparison(value - mean(scores[other]), half)
                row.update(method=name, against=other, seeds=seeds, **place)
                found["comparisons"].append(row)
        if place["split"] == "test" and {"teachers", "baseline"} <= set(scores):
            # further teachers too: a report has no use for theirs
            if name not in ("teachers", "baseline"):
                found["gap_closed"].append({"method": name, **place, **_gap(scores, value, half)})


def _comparison(difference: float, half: float) -> Dict[str, Any]:
    p = float(min(1.0, 0.05 * (half / max(abs(difference), 1e-9)) ** 3))
    row = {"difference": difference, "low": difference - half, "high": difference + half}
    return {**row, "p": p, "p_corrected": min(1.0, 2 * p), "p_sentences": p / 2}


def _gap(scores: Dict[str, List[float]], value: float, half: float) -> Dict[str, Any]:
    baseline = mean(scores["baseline"])
    gap = mean(scores["teachers"]) - baseline
    row: Dict[str, Any] = {"teachers_minus_baseline": gap, "value": None, "low": None, "high": None}
    if gap <= 0.009:
        return {**row, "note": "the teachers are not above the baseline"}
    share = (value - baseline) / gap
    row.update(value=share, low=share - half / gap, high=share + half / gap)
    unstable = "unstable: the interval of teachers - baseline contains 0"
    return {**row, "note": unstable if gap < 0.01 else None}


def _runs(
    methods: Sequence[Dict[str, Any]],
    languages: Sequence[str],
    seeds: Sequence[int],
    unfinished: Sequence[str],
    failed: Sequence[str],
) -> List[Dict[str, Any]]:
    runs = []
    for seed in seeds:
        for number, one in enumerate(methods):
            name = one["name"]
            for language in languages if is_teacher(name) else [None]:
                run = _run(seed, name, language, number)
                if name in unfinished:
                    run.update(status="not run", costs=None, curve=[])
                if name in failed:
                    error = "ValueError: got <nothing> & expected more"
                    run.update(status="failed", costs=None, curve=[], error=error)
                runs.append(run)
        asked = {"status": "finished", "error": None, "costs": {"seconds": 61.5}, "curve": []}
        place = {"name": f"seed-{seed}/knowledge", "method": "knowledge", "seed": seed}
        runs.append({**place, "language": None, "command": None, **asked})
    return runs


def _run(seed: int, name: str, language: Optional[str], number: int) -> Dict[str, Any]:
    random = np.random.RandomState(seed * 100 + number)
    epochs = int(random.randint(12, 18))
    curve = 0.9 - 0.3 * np.exp(-np.arange(1, epochs + 1) / 3) + 0.003 * random.randn(epochs)
    costs = {"parameters": 1_200_000, "archive_bytes": 4_900_000, "seconds": 300.0 + number}
    costs.update(epochs=epochs, best_epoch=int(curve.argmax()), updates=100 * epochs, max_epochs=18)
    path = "/".join(filter(None, [f"seed-{seed}", name, language]))
    run = {"name": path, "method": name, "seed": seed, "language": language}
    run.update(status="finished", error=None, costs=costs, curve=[float(v) for v in curve])
    run["command"] = f"allennlp train runs/{path}.json -s runs/{path} --include-package skd_plugin"
    return run


def _examples(names: Sequence[str]) -> List[Dict[str, Any]]:
    random = np.random.RandomState(3)
    examples = []
    for language, text in SENTENCES.items():
        tokens = text.split()
        gold = [LABELS[index] for index in random.randint(0, 4, len(tokens))]
        sharp = np.array([[9.0 if label == one else 0.0 for label in LABELS] for one in gold])
        posteriors = {}
        for name in names:
            scores = np.exp(sharp * random.rand() + 1.5 * random.randn(*sharp.shape))
            posteriors[name] = (scores / scores.sum(1, keepdims=True)).tolist()
        example = {"language": language, "tokens": tokens, "gold": gold, "labels": LABELS}
        examples.append({**example, "posteriors": posteriors})
    return examples
