"""
What an experiment says: scores, comparisons of methods, and how much of the gap to the teachers each closes.

(1) Sentences are resampled 10,000 times, those of each language on their own (but translations of one another together)
and alike for all methods and seeds; every difference is taken within a resample and within a seed. (2) The variance of
the mean difference is that over resamples plus that over seeds divided by their number; what one seed does on one
sentence is counted once. (3) The margin of error is its root times a quantile, the mean of the normal's and of
Student's t with one degree of freedom fewer than seeds, weighted by the two variances, and never less than over
sentences alone. (4) p is the level at which that margin just reaches 0. (5) Holm's correction is over all methods with
the same reference; for single languages over methods and languages.
"""

import zlib
from itertools import product
from types import MappingProxyType
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments.checks import BASELINE, MACRO, TEACHERS
from skd_plugin.experiments.experiment import is_teacher
from skd_plugin.experiments.resampling import Outcomes, check, estimate, resampled_scores

Row = Dict[str, Any]
SECONDS = 3  # before a bar is shown


class Statistics(NamedTuple):
    """
    All that is said of an experiment. Rows are of a method, a split and a language or, as "macro", the mean of all
    languages; scores are 0 to 1, `low` and `high` the interval for other seeds and other sentences.

    # Parameters

    resamples, level :
        As given to `analyse`.
    scores : `List[Row]`
        `mean` over `seeds`, `sd` (None of one seed), `low`, `high`.
    comparisons : `List[Row]`
        `difference` to the method `against` over the `seeds` of both, `low`, `high`, `p` over seeds and sentences,
        `p_corrected` for the number of comparisons, `p_sentences` for these seeds as they are.
    gap_closed : `List[Row]`
        `value`, (method - baseline) / (teachers - baseline), `low`, `high`, all None where the teachers are not above
        the baseline; `teachers_minus_baseline`; `note`, None if there is nothing to say. Always to the method
        "teachers"; further teachers, such as "teachers_weak", have no row.
    """

    resamples: int
    level: float
    scores: List[Row]
    comparisons: List[Row]
    gap_closed: List[Row]

    def as_json(self) -> Dict[str, Any]:
        """The fields by name."""
        return dict(self._asdict())


def analyse(
    outcomes: Outcomes,
    comparisons: Sequence[Tuple[str, str]],
    num_resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    same_sentences: Mapping[Tuple[str, str], str] = MappingProxyType({}),
) -> Statistics:
    """
    # Parameters

    outcomes : `Outcomes`
        Of the runs that there are. A language has the same sentences in the same order for all, and should have some
        dozens: few seem less noisy than they are.
    comparisons : `Sequence[Tuple[str, str]]`
        Methods and their references; those without a common seed are left out.
    num_resamples, seed : `int`
        Of the sentences. A language's resamples depend on nothing else but, in a parallel file, on which is the first.
    level : `float`
        Of the intervals.
    same_sentences : `Mapping[Tuple[str, str], str]`
        By split and language a name, which is the same where sentences are, such as in the columns of a parallel file.

    # Returns

    Rows of `Statistics` split by split, in the order in which methods and languages first occur.
    """
    if num_resamples < 2:
        raise ConfigurationError(f"num_resamples: expected 2 or more, got {num_resamples}")
    check(outcomes)
    found = Statistics(num_resamples, level, [], [], [])
    for split in dict.fromkeys(split for _, _, split, _ in outcomes):
        sample = _Sample(outcomes, split, num_resamples, seed, same_sentences)
        found.scores.extend(_scores(sample, level))
        found.comparisons.extend(_corrected(list(_comparisons(sample, comparisons, level))))
        found.gap_closed.extend(_gaps_closed(sample, level))
    return found


def holm(p: Sequence[float]) -> List[float]:
    """The p-values of several tests, corrected for their number (Holm, 1979)."""
    corrected, largest = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda index: p[index])):
        largest = max(largest, min(1.0, p[index] * (len(p) - rank)))
        corrected[index] = largest
    return corrected


class _Sample:
    """The scores of all runs on one split and on the same resamples of it."""

    def __init__(
        self,
        outcomes: Outcomes,
        split: str,
        num_resamples: int,
        seed: int,
        same_sentences: Mapping[Tuple[str, str], str],
    ) -> None:
        runs = [key for key in outcomes if key[2] == split]
        self.split = split
        self.methods = list(dict.fromkeys(method for method, _, _, _ in runs))
        self.seeds = sorted({seed for _, seed, _, _ in runs})
        self.languages = list(dict.fromkeys(language for _, _, _, language in runs))
        self._values: Dict[Tuple[str, int, str], np.ndarray] = {}
        for language in Tqdm.tqdm(self.languages, desc=f"resampling {split}", delay=SECONDS):
            here = [key for key in runs if key[3] == language]
            counts = np.stack([outcomes[key] for key in here])
            sentences = same_sentences.get((split, language), f"{split}/{language}")
            generator = np.random.default_rng([seed, zlib.crc32(sentences.encode())])
            values = resampled_scores(counts, num_resamples, generator)
            for (method, run_seed, _, _), column in zip(here, values.T):
                self._values[method, run_seed, language] = column

    def common(self, language: str, *methods: str) -> Tuple[List[int], List[np.ndarray]]:
        """
        The seeds that all the methods have for a language (or, for "macro", for every one), and the values of each
        method over these, of shape (1 + num_resamples, num_seeds).
        """
        languages = self.languages if language == MACRO else [language]
        needed = list(product(methods, languages))
        seeds = [
            seed
            for seed in self.seeds
            if all((method, seed, one) in self._values for method, one in needed)
        ]
        if not seeds:
            return [], []
        return seeds, [self._mean(method, seeds, languages) for method in methods]

    def _mean(self, method: str, seeds: List[int], languages: List[str]) -> np.ndarray:
        columns = [sum(self._values[method, seed, one] for one in languages) for seed in seeds]
        return np.stack(columns, axis=1) / len(languages)  # type: ignore[arg-type]


def _scores(sample: _Sample, level: float) -> Iterator[Row]:
    for method, language in product(sample.methods, [*sample.languages, MACRO]):
        seeds, values = sample.common(language, method)
        if seeds:
            mean, low, high, _, _ = estimate(values[0], level)
            row: Row = {"method": method, "split": sample.split, "language": language}
            row["mean"] = mean
            row["sd"] = float(values[0][0].std(ddof=1)) if len(seeds) > 1 else None
            yield {**row, "low": max(0.0, low), "high": min(1.0, high), "seeds": seeds}


def _comparisons(sample: _Sample, pairs: Sequence[Tuple[str, str]], level: float) -> Iterator[Row]:
    """Not yet corrected for their number."""
    for (method, against), language in product(pairs, [*sample.languages, MACRO]):
        seeds, values = sample.common(language, method, against)
        if seeds:
            found = estimate(values[0] - values[1], level)
            row: Row = {"method": method, "against": against, "split": sample.split}
            row.update(language=language, difference=found.value, low=found.low, high=found.high)
            row.update(p=found.p, p_corrected=found.p, p_sentences=found.p_sentences, seeds=seeds)
            yield row


def _corrected(rows: List[Row]) -> List[Row]:
    """Corrected over the methods with the same reference; single languages over methods and languages."""
    families: Dict[Tuple[str, bool], List[Row]] = {}
    for row in rows:
        families.setdefault((row["against"], row["language"] == MACRO), []).append(row)
    for family in families.values():
        for row, p in zip(family, holm([row["p"] for row in family])):
            row["p_corrected"] = p
    return rows


def _gaps_closed(sample: _Sample, level: float) -> Iterator[Row]:
    students = [name for name in sample.methods if name != BASELINE and not is_teacher(name)]
    for method, language in product(students, [*sample.languages, MACRO]):
        seeds, values = sample.common(language, method, BASELINE, TEACHERS)
        if seeds:
            student, baseline, teachers = values
            closed = _closed(student - baseline, teachers - baseline, level)
            yield {"method": method, "split": sample.split, "language": language, **closed}


def _closed(gain: np.ndarray, gap: np.ndarray, level: float) -> Row:
    """What share of the gap the gain is; the interval is that of the ratio, linearised."""
    whole = estimate(gap, level)
    row: Row = {"value": None, "low": None, "high": None, "teachers_minus_baseline": whole.value}
    if whole.value <= 0:
        return {**row, "note": "the teachers are not above the baseline"}
    share = float(gain[0].mean()) / whole.value
    _, low, high, _, _ = estimate((gain - share * gap) / whole.value, level)
    row.update(value=share, low=share + low, high=share + high, note=None)
    if whole.low <= 0:
        row["note"] = "unstable: the interval of teachers - baseline contains 0"
    return row
