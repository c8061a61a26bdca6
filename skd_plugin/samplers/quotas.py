"""How many of a number of draws fall to whom, and who is drawn."""

import random
from typing import Dict, List, Sequence


def divided(total: int, sizes: Sequence[int], exponent: float) -> List[int]:
    """
    Divides a total in proportion to size^exponent, rounded by largest remainder, so that the parts sum to it exactly.

    # Parameters

    total : `int`
    sizes : `Sequence[int]`
        At least 1 each; of equal remainders the first is rounded up.
    exponent : `float`
        With 1, a total that is the sum of the sizes gives just them.
    """
    weights = [float(size) ** exponent for size in sizes]
    sum_of_weights = sum(weights)
    exact = [total * weight / sum_of_weights for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: parts[index] - exact[index])
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def drawn(total: int, groups: Dict[str, List[int]], exponent: float) -> Dict[str, List[int]]:
    """
    Draws from groups in proportion to size^exponent: of each as evenly as possible, whole passes and then some at
    random.

    # Parameters

    total : `int`
    groups : `Dict[str, List[int]]`
        What there is of each, at least one.
    exponent : `float`

    # Returns

    `Dict[str, List[int]]` of the draws of each group, by name in alphabetical order.
    """
    names = sorted(groups)
    quotas = divided(total, [len(groups[name]) for name in names], exponent)
    draws = {}
    for name, quota in zip(names, quotas):
        num_passes, rest = divmod(quota, len(groups[name]))
        draws[name] = groups[name] * num_passes + random.sample(groups[name], rest)
    return draws
