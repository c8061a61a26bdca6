"""How many of a number of draws fall to whom."""

from typing import List, Sequence


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
