"""Arrays become few bytes and the same arrays again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.knowledge.array_codecs import (
    DEFLATE,
    GAPS,
    HALF,
    RAW,
    below,
    codec_of,
    gaps,
    pack_array,
    unpack_array,
)


def there_and_back(array):
    codec = codec_of(array)
    size, content = pack_array(array, codec)
    assert len(content) == (size or array.nbytes) and len(content) <= array.nbytes
    back = unpack_array(memoryview(content), codec, array.dtype.str, array.shape, size > 0)
    assert back.dtype == array.dtype and back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    return size


def test_codecs():
    codecs = {"<u1": DEFLATE, "<i8": DEFLATE, "<f2": HALF, "<f4": GAPS, "<f8": RAW}
    assert {dtype: codec_of(np.zeros(3, dtype)) for dtype in codecs} == codecs
    assert codec_of(np.zeros((3, 3), "<f4")) == RAW


@given(st.lists(st.floats(-400, 0, width=32), max_size=12), st.booleans())
def test_log_probabilities(values, rounded):
    values = np.sort(np.array(values, np.float32))[::-1].copy()
    if rounded and len(values):
        values = np.concatenate([values[:1], below(values[:1], gaps(values))])
        # What was rounded once is packed, and not rounded again.
        assert there_and_back(values) == (4 + 2 * (len(values) - 1) if len(values) > 1 else 0)
    else:
        there_and_back(values)


def test_what_half_precision_would_change_is_kept_whole():
    assert there_and_back(np.array([-0.1, -1.23456789, -3.0], np.float32)) == 0
    assert there_and_back(np.array([-0.5, -np.inf, np.nan], np.float32)) in (0, 8)
    assert there_and_back(np.array([0.0, -1e6], np.float32)) == 0


@pytest.mark.parametrize("shape", [(0,), (1, 1), (20, 17), (3, 0)])
@pytest.mark.parametrize("dtype", ["<u1", "<u2", "<f2", "<f4", "<f8"])
def test_shapes(shape, dtype):
    values = np.random.RandomState(1).normal(size=shape) * 9
    there_and_back(np.abs(values).astype(dtype))


def test_posteriors_take_less_than_half_precision():
    posteriors = np.log(np.random.RandomState(1).dirichlet(np.full(20, 0.1), size=30) + 1e-9)
    size = there_and_back(posteriors.astype("<f2"))
    assert size < 0.85 * 2 * posteriors.size


@pytest.mark.parametrize("values", [[np.inf, 0.0], [np.inf, np.inf], [0.0, -np.inf], [np.nan, 1.0]])
def test_gaps_of_what_is_not_finite(values):
    """They are kept as they are, without a warning."""
    array = np.array(values, dtype=np.float32)
    size, packed = pack_array(array, GAPS)
    assert size == 0 or size < array.nbytes
    unpacked = unpack_array(packed, GAPS, array.dtype.str, array.shape, size > 0)
    assert unpacked.tobytes() == array.tobytes()
