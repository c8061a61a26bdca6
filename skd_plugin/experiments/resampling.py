"""
Resampled test sets, and the noise that they and the seeds say a mean has.

An array of `values` has the shape (1 + num_resamples, num_seeds): what each seed scores (or gains) on the sentences as
they are, in row 0, and on one resample of the sentences in each other row. Arithmetic on such arrays keeps them so.
"""

import math
from typing import Dict, Mapping, NamedTuple, Tuple

import numpy as np
from allennlp.common.checks import ConfigurationError
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

Outcomes = Mapping[Tuple[str, int, str, str], np.ndarray]
"""By method, seed, split and language, integers of shape (num_sentences, 3): right, found and true ones."""
WEIGHTS_AT_ONCE = 4_000_000
"""32 MB of them."""
SMALLEST_P = 1e-100
ROUNDING = 1e-24
"""A variance this small is none."""


class Estimate(NamedTuple):
    """
    A mean over seeds, its interval, and two-sided p-values of its being 0.

    # Parameters

    low, high : `float`
        Of the mean over other seeds and other sentences.
    p : `float`
        Over seeds and sentences.
    p_sentences : `float`
        Over sentences alone, with these seeds as they are; at least 2 / (num_resamples + 1).
    """

    value: float
    low: float
    high: float
    p: float
    p_sentences: float


class _Noise(NamedTuple):
    """
    The variances of a mean over seeds.

    # Parameters

    alone : `float`
        Over sentences, for these seeds as they are.
    shared : `float`
        The part of it that moves all seeds alike.
    seeds : `float`
        Over seeds; it has in it what a seed does on single sentences, which is the rest of `alone`.
    """

    alone: float
    shared: float
    seeds: float
    num_seeds: int

    def margin(self, alpha: float) -> float:
        """
        Half the width of the interval of level 1 - `alpha`, never less than over sentences alone.

        The variance over sentences is known well, that over seeds from few: the quantile is the mean of the normal's
        and of Student's t, weighted by the variances (Cochran and Cox). Welch's degrees of freedom would be fooled by
        two seeds that happen to agree.
        """
        normal = -float(ndtri(alpha / 2))
        alone = normal * math.sqrt(self.alone)
        if self.seeds == 0:
            return alone
        student = -float(stdtrit(self.num_seeds - 1, alpha / 2))
        weighted = self.shared * normal + self.seeds * student
        return max(alone, weighted / math.sqrt(self.shared + self.seeds))


def check(outcomes: Outcomes) -> None:
    """Raises a `ConfigurationError` unless all runs have the same 2 or more sentences of a split and language."""
    sizes: Dict[Tuple[str, str], int] = {}
    for (method, seed, split, language), counts in outcomes.items():
        size = sizes.setdefault((split, language), max(2, len(counts)))
        if counts.shape != (size, 3):
            raise ConfigurationError(
                f'{split} of "{language}", method "{method}", seed {seed}: expected counts of the same 2 or more '
                f"sentences as in the other runs, of shape ({size}, 3), got {counts.shape}"
            )


def resampled_scores(
    counts: np.ndarray, num_resamples: int, generator: np.random.Generator
) -> np.ndarray:
    """
    Scores runs on one test set and on resamples of its sentences, the same resamples for all runs.

    # Parameters

    counts : `numpy.ndarray`
        Shape (num_runs, num_sentences, 3): right, found and true ones of each sentence.
    num_resamples : `int`
        How often as many sentences are drawn, with replacement.
    generator : `numpy.random.Generator`

    # Returns

    Scores, 0 to 1, of shape (1 + num_resamples, num_runs), row 0 those of the test set itself.
    """
    num_runs, num_sentences, _ = counts.shape
    right, found, true = np.moveaxis(counts.astype(np.float64), 2, 0)
    # Shape: (num_sentences, 2 * num_runs). Sums of integers are exact, hence the same on every machine.
    terms = np.concatenate([2 * right, found + true]).T
    totals = np.empty((1 + num_resamples, 2 * num_runs))
    totals[0] = terms.sum(axis=0)
    step = max(1, WEIGHTS_AT_ONCE // num_sentences)
    for start in range(1, 1 + num_resamples, step):
        chunk = totals[start : start + step]
        chunk[:] = _weights(len(chunk), num_sentences, generator) @ terms
    above, below = totals[:, :num_runs], totals[:, num_runs:]
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _weights(num_resamples: int, num_sentences: int, generator: np.random.Generator) -> np.ndarray:
    """How often each sentence is drawn; shape (num_resamples, num_sentences)."""
    drawn = generator.integers(num_sentences, size=(num_resamples, num_sentences))
    drawn += num_sentences * np.arange(num_resamples)[:, None]
    times = np.bincount(drawn.ravel(), minlength=drawn.size)
    return times.reshape(drawn.shape).astype(np.float64)


def estimate(values: np.ndarray, level: float) -> Estimate:
    """
    # Parameters

    values : `numpy.ndarray`
        Shape (1 + num_resamples, num_seeds); see above.
    level : `float`
        Of the interval, such as 0.95.

    # Returns

    What is known of the mean over seeds. With one seed that is over sentences alone.
    """
    value, means = float(values[0].mean()), values[1:].mean(axis=1)
    noise = _noise(values, means)
    margin = noise.margin(1 - level)
    tail = int(min((means <= 0).sum(), (means >= 0).sum()))
    p_sentences = min(1.0, 2 * (1 + tail) / (1 + len(means)))
    is_certain = noise.alone + noise.seeds < ROUNDING
    p = p_sentences if is_certain else _p(abs(value), noise)
    return Estimate(value, value - margin, value + margin, p, p_sentences)


def _noise(values: np.ndarray, means: np.ndarray) -> _Noise:
    """The noise of the mean of values, given their means."""
    num_seeds = values.shape[1]
    alone = float(means.var(ddof=1))
    if num_seeds == 1:
        return _Noise(alone, alone, 0.0, num_seeds)
    # The mean covariance of two seeds.
    own = float(values[1:].var(axis=0, ddof=1).mean()) / num_seeds
    shared = max(0.0, (alone - own) * num_seeds / (num_seeds - 1))
    return _Noise(alone, shared, float(values[0].var(ddof=1)) / num_seeds, num_seeds)


def _p(distance: float, noise: _Noise) -> float:
    """The largest alpha whose interval does not hold a point so far away."""

    def beyond(log_alpha: float) -> float:
        return noise.margin(math.exp(log_alpha)) - distance

    smallest = math.log(SMALLEST_P)
    if beyond(smallest) <= 0:
        return SMALLEST_P
    if beyond(0.0) >= 0:
        return 1.0
    return math.exp(brentq(beyond, smallest, 0.0))
