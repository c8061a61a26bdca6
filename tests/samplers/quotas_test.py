import pytest
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.samplers.quotas import divided

SIZES = st.lists(st.integers(1, 10**6), min_size=1, max_size=12)
EXPONENTS = st.floats(0, 1)


@pytest.mark.parametrize(
    "total, sizes, exponent, expected",
    [
        (100, [90, 10], 1.0, [90, 10]),
        (100, [90, 10], 0.0, [50, 50]),
        # 90^0.5 : 10^0.5 is 3 : 1.
        (100, [90, 10], 0.5, [75, 25]),
        # 900^0.7 : 100^0.7 is 116.9 : 25.12, or 823.1 : 176.9 of a thousand.
        (1000, [900, 100], 0.7, [823, 177]),
        # A third each is 3.33; the first is rounded up.
        (10, [5, 5, 5], 0.7, [4, 3, 3]),
        # 2.5, 1.5 and 1: of equal remainders the first.
        (5, [5, 3, 2], 1.0, [3, 1, 1]),
        (7, [1], 0.3, [7]),
        (0, [3, 1], 0.3, [0, 0]),
        (1, [1, 3], 1.0, [0, 1]),
        (0, [], 1.0, []),
    ],
)
def test_by_hand(total, sizes, exponent, expected):
    assert divided(total, sizes, exponent) == expected


@given(st.integers(0, 10**7), SIZES, EXPONENTS)
def test_the_parts_sum_to_the_total_and_are_near_the_exact_ones(total, sizes, exponent):
    parts = divided(total, sizes, exponent)
    assert sum(parts) == total
    weights = [size**exponent for size in sizes]
    for part, weight in zip(parts, weights):
        assert abs(part - total * weight / sum(weights)) < 1 + 1e-6


@given(SIZES)
def test_the_sum_of_the_sizes_gives_the_sizes(sizes):
    assert divided(sum(sizes), sizes, 1.0) == sizes


@given(SIZES, EXPONENTS, st.integers(0, 10**6))
def test_no_part_is_smaller_than_that_of_a_smaller_size(sizes, exponent, total):
    parts = divided(total, sorted(sizes), exponent)
    assert all(parts[index] <= parts[index + 1] + 1 for index in range(len(parts) - 1))
