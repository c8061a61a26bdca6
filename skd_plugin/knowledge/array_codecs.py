"""How single arrays become few bytes, and the same arrays again, to the bit."""

import zlib
from typing import Any, Sequence, Tuple

import numpy as np

RAW = "raw"
"""As they are."""
DEFLATE = "deflate"
"""Integers, deflated."""
HALF = "half"
"""Half precision: the lower bytes, which are noise, and then the upper ones, deflated."""
GAPS = "gaps"
"""A row of single precision: the first, and in half precision how far each other one is below it."""


def codec_of(array: np.ndarray) -> str:
    """The codec that suits a type and number of dimensions."""
    if array.dtype == np.float16:
        return HALF
    if array.dtype == np.float32 and array.ndim == 1:
        return GAPS
    return DEFLATE if array.dtype.kind in "iu" else RAW


def pack_array(array: np.ndarray, codec: str) -> Tuple[int, bytes]:
    """Its packed size in bytes, or 0 if the codec does not suit it, and its bytes, then as they are."""
    content = array.tobytes()
    packed = content
    if codec == DEFLATE:
        packed = _deflated(content, zlib.Z_DEFAULT_STRATEGY)
    elif codec == HALF:
        packed = content[::2] + _deflated(content[1::2], zlib.Z_HUFFMAN_ONLY)
    elif codec == GAPS and len(array):
        packed = array[:1].tobytes() + gaps(array).tobytes()
        if unpack_array(packed, codec, array.dtype.str, array.shape, True).tobytes() != content:
            packed = content
    return (len(packed), packed) if len(packed) < len(content) else (0, content)


def unpack_array(
    content: Any, codec: str, dtype: str, shape: Sequence[int], is_packed: bool
) -> np.ndarray:
    """
    # Parameters

    content : bytes or a view of them
        Which the array does not refer to later.
    codec : `str`
    dtype : `str`
    shape : `Sequence[int]`
    is_packed : `bool`
        Whether the codec has suited it.
    """
    if not is_packed:
        return np.frombuffer(bytes(content), dtype).reshape(shape)
    if codec == GAPS:
        first = np.frombuffer(content[:4], np.float32)
        others = below(first, np.frombuffer(content[4:], np.float16))
        return np.concatenate([first, others])
    if codec == HALF:
        size = int(np.prod(shape))
        # Shape: (number of values, 2), the bytes of each, the low one first
        both = np.empty((size, 2), dtype=np.uint8)
        both[:, 0] = np.frombuffer(content[:size], np.uint8)
        both[:, 1] = np.frombuffer(zlib.decompress(content[size:], -15), np.uint8)
        return both.view(dtype).reshape(shape)
    return np.frombuffer(zlib.decompress(content, -15), dtype).reshape(shape)


def gaps(values: np.ndarray) -> np.ndarray:
    """How far all but the first of a row are below it, in half precision; of several rows likewise."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (values[..., :1] - values[..., 1:]).astype(np.float16)


def below(first: np.ndarray, gaps_below: np.ndarray) -> np.ndarray:
    """What is so far below."""
    with np.errstate(invalid="ignore"):  # inf - inf
        return first - gaps_below.astype(np.float32)


def _deflated(content: bytes, strategy: int) -> bytes:
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15, 9, strategy)
    return deflater.compress(content) + deflater.flush()
