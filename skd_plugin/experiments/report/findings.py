"""All that a report is written from."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List, Optional, Tuple

from skd_plugin.experiments.checks import F1, MACRO, P_AT_1, TEST
from skd_plugin.experiments.experiment import is_teacher
from skd_plugin.experiments.report.records import (
    Ablation,
    Comparison,
    Example,
    Gap,
    Method,
    Result,
    Run,
    Score,
    read_json,
    record,
    records,
)

Key = Tuple[str, str, str]
"""Method, split, language."""


@dataclass(frozen=True)
class Findings:
    """
    What was run and what came out, as far as it has been run.

    # Parameters

    scores, gaps : `Dict[Key, ...]`
        By method, split and language or "macro".
    """

    title: str
    metric: str
    seeds: List[int]
    languages: Dict[str, List[str]]
    methods: List[Method]
    command: str
    level: float
    resamples: int
    results: List[Result]
    scores: Dict[Key, Score]
    comparisons: List[Comparison]
    gaps: Dict[Key, Gap]
    runs: List[Run]
    examples: List[Example]

    @property
    def students(self) -> List[Method]:
        """All methods but the teachers."""
        return [method for method in self.methods if not is_teacher(method.name)]

    @property
    def teachers(self) -> List[Method]:
        """The row "teachers", and those of further ones."""
        return [method for method in self.methods if is_teacher(method.name)]

    @property
    def main_methods(self) -> List[Method]:
        """All but those that only change a setting of another."""
        return [method for method in self.methods if method.ablation is None]

    @property
    def main_students(self) -> List[Method]:
        """Students that do not only change a setting of another."""
        return [method for method in self.students if method.ablation is None]

    @property
    def are_of_one_seed(self) -> bool:
        """Whether no comparison is over several seeds."""
        compared = [one.seeds for one in self.comparisons] or [self.seeds]
        return all(len(seeds) == 1 for seeds in compared)

    def columns(self, split: str) -> List[str]:
        """The languages of a split, and "macro"."""
        return [*self.languages.get(split, []), MACRO]

    def macro(self, method: str, split: str = TEST) -> Optional[Score]:
        """The score over all languages, if there is one."""
        return self.scores.get((method, split, MACRO))

    def ranked(self, split: str = TEST) -> List[str]:
        """Main students that have a macro score, the best first."""
        scores = [self.macro(method.name, split) for method in self.main_students]
        found = [score for score in scores if score is not None]
        return [score.method for score in sorted(found, key=lambda score: -score.mean)]

    def comparison(self, method: Method, split: str, language: str) -> Optional[Comparison]:
        """The one with the first of the method's references that it was compared with."""
        found = {
            one.against: one
            for one in self.comparisons
            if (one.method, one.split, one.language) == (method.name, split, language)
        }
        return next((found[name] for name in method.against if name in found), None)

    def values(self, method: str, split: str, language: str) -> List[float]:
        """One value a seed; for "macro", of the seeds that have all languages."""
        languages = self.languages[split] if language == MACRO else [language]
        by_seed: Dict[int, List[float]] = {}
        for result in self.results:
            if (result.method, result.split) == (method, split) and result.language in languages:
                by_seed.setdefault(result.seed, []).append(result.value)
        return [mean(values) for values in by_seed.values() if len(values) == len(languages)]

    def significance(self, comparison: Comparison) -> int:
        """1 or -1 where the difference is more than noise, and 0 else."""
        if comparison.p_corrected >= 1 - self.level:
            return 0
        return 1 if comparison.difference > 0 else -1


def read_findings(folder: Path) -> Findings:
    """Reads the files of a folder; `examples.json` may be absent."""
    about = read_json(folder / "experiment.json")
    statistics = read_json(folder / "statistics.json")
    examples = folder / "examples.json"

    def rows(kind: Any, field: str) -> List[Any]:
        return records(kind, statistics[field], f"{folder / 'statistics.json'}: {field}")

    return Findings(
        title=about["title"],
        metric={F1: "F1", P_AT_1: "P@1"}.get(about["metric"], about["metric"]),
        seeds=about["seeds"],
        languages=about["languages"],
        methods=_methods(about["methods"], str(folder / "experiment.json")),
        command=about["command"],
        level=statistics["level"],
        resamples=statistics["resamples"],
        results=_list(Result, folder / "results.json"),
        scores={(one.method, one.split, one.language): one for one in rows(Score, "scores")},
        comparisons=rows(Comparison, "comparisons"),
        gaps={(one.method, one.split, one.language): one for one in rows(Gap, "gap_closed")},
        runs=_list(Run, folder / "runs.json"),
        examples=_list(Example, examples) if examples.exists() else [],
    )


def _list(kind: Any, path: Path) -> List[Any]:
    return records(kind, read_json(path), str(path))


def _methods(rows: List[Dict[str, Any]], where: str) -> List[Method]:
    """In the order given, but those of a group together."""
    methods = []
    for one in records(Method, rows, where):
        row: Any = one.ablation
        ablation = record(Ablation, row, f"{where}: {one.name}") if row else None
        methods.append(one._replace(ablation=ablation))
    groups = [method.group for method in methods]
    return sorted(methods, key=lambda method: groups.index(method.group))
