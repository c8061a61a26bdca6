"""How far two accounts of one sentence are apart."""

from typing import Dict, Tuple

import numpy as np

from skd_plugin.knowledge.knowledge import Knowledge

UNITS = {
    "paths": "nats a token",
    "posteriors": "probability",
    "emissions": "probability",
    "expected_transitions": "times a token",
    "transitions": "score",
    "hidden_states": "of the value, or of 1 if that is more",
}
"""What the differences of each field are measured in."""


def differences(one: Knowledge, other: Knowledge, num_paths: int) -> Dict[str, float]:
    """
    # Parameters

    one, other : `Knowledge`
        Of the same sentence, in the same labels.
    num_paths : `int`
        How many of the best paths are compared.

    # Returns

    The largest difference of each field that both have, in its `UNITS`; infinite if they are not of one shape.

    Of paths it is that of the log-probabilities of a path that both list. A path that only one lists may be so probable
    as the last that the other lists, and differs by what it has more; infinitely if the other had room for it.
    """
    found = {}
    for field, name in (("posteriors", "log_posteriors"), ("emissions", "log_emissions")):
        logs = getattr(one, name), getattr(other, name)
        if logs[0] is not None and logs[1] is not None:
            found[field] = _largest(*(np.exp(log.astype(np.float64)) for log in logs))
    if one.expected_transitions is not None and other.expected_transitions is not None:
        num_transitions = max(1.0, float(other.expected_transitions.sum(dtype=np.float64)))
        largest = _largest(one.expected_transitions, other.expected_transitions)
        found["expected_transitions"] = largest / num_transitions
    if one.transitions is not None and other.transitions is not None:
        found["transitions"] = _largest(one.transitions, other.transitions)
    layers = set(one.hidden) & set(other.hidden)
    if layers:
        found["hidden_states"] = max(
            _largest(*_by_size(one.hidden[layer], other.hidden[layer])) for layer in layers
        )
    if one.paths is not None and other.paths is not None:
        num_tokens = max(1, one.paths.shape[1])
        lists = _best(one, num_paths), _best(other, num_paths)
        both_ways = max(_beyond(*lists, num_paths), _beyond(*lists[::-1], num_paths))
        found["paths"] = both_ways / num_tokens
    return found


def same_paths(one: Knowledge, other: Knowledge, num_paths: int) -> bool:
    """Whether both list the same best paths in the same order."""
    return list(_best(one, num_paths)) == list(_best(other, num_paths))


def _largest(one: np.ndarray, other: np.ndarray) -> float:
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    apart = np.where(one == other, 0.0, np.where(np.isnan(apart), np.inf, apart))
    return float(apart.max(initial=0.0))


def _by_size(one: np.ndarray, other: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Values divided by their size: a step of half precision is a share of a value, not a number."""
    size = np.maximum(1.0, np.abs(other.astype(np.float64)))
    return (one / size, other / size) if one.shape == other.shape else (one, other)


def _best(knowledge: Knowledge, num_paths: int) -> Dict[Tuple[int, ...], float]:
    """The log-probability of each of the best paths, best first."""
    assert knowledge.paths is not None and knowledge.path_log_probs is not None
    paths = [tuple(path) for path in knowledge.paths[:num_paths].tolist()]
    return dict(zip(paths, knowledge.path_log_probs[:num_paths].tolist()))


def _beyond(
    one: Dict[Tuple[int, ...], float], other: Dict[Tuple[int, ...], float], num_paths: int
) -> float:
    """The largest difference of the paths of one list from another."""
    is_full = len(other) >= num_paths
    last = min(other.values()) if is_full else -float("inf")
    apart = [
        abs(log_prob - other[path]) if path in other else max(0.0, log_prob - last)
        for path, log_prob in one.items()
    ]
    largest = float(np.max(apart, initial=0.0))
    return float("inf") if np.isnan(largest) else largest
