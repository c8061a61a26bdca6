"""What was measured, as rows for people and programs."""

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from skd_plugin.latency.measuring import PARTS, Cell, Times
from skd_plugin.latency.timed_model import TimedModel

Row = Dict[str, Any]
RESAMPLES = 1000


def size_rows(models: Sequence[TimedModel]) -> List[Row]:
    """One row a model: `parameters`, `in_embeddings`, `bytes`, and how many times smaller it is than the first."""
    first = models[0].size
    return [
        {
            "model": model.name,
            **model.size._asdict(),
            "parameters_ratio": _quotient(first.parameters, model.size.parameters),
            "bytes_ratio": _quotient(first.bytes, model.size.bytes),
        }
        for model in models
    ]


def latency_rows(names: Sequence[str], cell: Cell, times: Sequence[Times]) -> List[Row]:
    """
    One row a model and part: in milliseconds a sentence `median_ms`, and `low_ms` to `high_ms`, between which 80 % of
    the rounds are; the median of `words_per_second`; and `ratio`, how many times quicker it is than the first model by
    the quotient of the medians, with a 95 % interval over resampled rounds.
    """
    rows = []
    for name, one in zip(names, times):
        for part in PARTS:
            seconds, base = one.seconds[part], times[0].seconds[part]
            low, median, high = np.percentile(1000 * seconds / cell.batch_size, [10, 50, 90])
            ratio, (ratio_low, ratio_high) = speedup(base, seconds)
            rows.append(
                {
                    "model": name,
                    "batch_size": cell.batch_size,
                    "length": "all" if cell.length is None else cell.length,
                    "threads": cell.threads,
                    "part": part,
                    "rounds": len(seconds),
                    "median_ms": float(median),
                    "low_ms": float(low),
                    "high_ms": float(high),
                    "words_per_second": float(np.median(one.words / seconds)),
                    "ratio": ratio,
                    "ratio_low": ratio_low,
                    "ratio_high": ratio_high,
                }
            )
    return rows


def speedup(base: np.ndarray, seconds: np.ndarray) -> Tuple[float, Tuple[float, float]]:
    """
    The median of `base` over that of `seconds`, both of shape (rounds,), and its 95 % interval: rounds, each with both
    its times, are resampled.
    """
    drawn = np.random.default_rng(0).integers(len(seconds), size=(RESAMPLES, len(seconds)))
    ratios = np.median(base[drawn], axis=1) / np.median(seconds[drawn], axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(np.median(base) / np.median(seconds)), (float(low), float(high))


def _quotient(first: int, other: int) -> float:
    return first / other if other else float("nan")
