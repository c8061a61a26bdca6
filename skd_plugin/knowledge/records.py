"""
How the knowledge of many sentences becomes bytes: a block, in which every sentence can be read alone, field by field.

A block is the size and the checksum of its header, the header (JSON: names, types and codecs of the arrays, how many
paths were asked for, and arrays that are the same for all sentences), and one record a sentence. A record is a
checksum; then shapes and sizes; then the arrays. It is read where it lies: what was not asked for is not unpacked.
"""

import base64
import functools
import json
import struct
import zlib
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from skd_plugin.knowledge.array_codecs import RAW, codec_of, pack_array, unpack_array

_CHECKSUM = struct.Struct("<I")
_HEAD = struct.Struct("<II")  # the size of the header, and its checksum


class DamagedRecord(Exception):
    """A record whose bytes are not those that were written."""


class ArrayForm(NamedTuple):
    """What a header says of one array."""

    name: str
    dtype: str
    num_dims: int
    codec: str


class Header(NamedTuple):
    """
    What the records of a block have in common.

    `sizes` is the type of the numbers with which a record begins, `num_numbers` how many these are, `common` the arrays
    that are the same for all; `size` and `checksum` are the header's own.
    """

    arrays: List[ArrayForm]
    num_paths_asked: int
    sizes: str
    common: Dict[str, np.ndarray]
    names: FrozenSet[str]
    num_numbers: int
    size: int
    checksum: int


class PlacedArray(NamedTuple):
    """An array in a record: its form and shape, whether the codec has packed it, where it begins, and its size."""

    form: ArrayForm
    shape: List[int]
    is_packed: bool
    start: int
    size: int


def pack(
    sentences: Sequence[Tuple[bytes, Mapping[str, np.ndarray]]], num_paths_asked: int
) -> Tuple[bytes, List[int]]:
    """
    # Parameters

    sentences : `Sequence[Tuple[bytes, Mapping[str, numpy.ndarray]]]`
        Identities, which the checksums cover, and arrays by name, of the same names and types for all.
    num_paths_asked : `int`
        How many paths were asked for.

    # Returns

    The block, and where in it the record of each sentence begins.
    """
    common = _common([arrays for _, arrays in sentences])
    forms = [
        ArrayForm(name, array.dtype.str, array.ndim, codec_of(array))
        for name, array in sentences[0][1].items()
        if name not in common
    ]
    largest = max(
        (max(array.nbytes, *array.shape) for _, arrays in sentences for array in arrays.values()),
        default=0,
    )
    sizes = "<u2" if largest < 2**16 else "<u4"
    content = {
        "arrays": [form._asdict() for form in forms],
        "num_paths_asked": num_paths_asked,
        "sizes": sizes,
        "common": {name: _to_json(array) for name, array in common.items()},
    }
    header = json.dumps(content).encode()
    of_header = zlib.crc32(header)
    block = bytearray(_HEAD.pack(len(header), of_header) + header)
    offsets = []
    for identity, arrays in sentences:
        offsets.append(len(block))
        record = _pack_record(arrays, forms, sizes)
        checksum = zlib.crc32(record, zlib.crc32(identity, of_header))
        block += _CHECKSUM.pack(checksum) + record
    return bytes(block), offsets


def read_header(block: Any) -> Header:
    """The header of a block, given as bytes or a view of them; `DamagedRecord` if it is none."""
    try:
        size, checksum = _HEAD.unpack_from(block)
    except struct.error:  # shorter than that
        raise DamagedRecord
    return _parse_header(bytes(block[_HEAD.size : _HEAD.size + size]), checksum)


def read_record(
    block: Any, offset: int, identity: bytes, names: Optional[FrozenSet[str]] = None
) -> Dict[str, np.ndarray]:
    """
    # Parameters

    block : bytes or a view of them
    offset : `int`
        Where the record begins.
    identity : `bytes`
        As it was packed with.
    names : `FrozenSet[str]`, optional (default = all)
        The arrays that are wanted.

    # Raises

    `DamagedRecord` if the checksum does not fit.
    """
    header = read_header(block)
    placed = place_arrays(block, header, offset, identity)
    arrays = {
        one.form.name: _unpack(block, one)
        for one in placed
        if names is None or one.form.name in names
    }
    for name, array in header.common.items():
        if names is None or name in names:
            arrays[name] = array
    return arrays


def place_arrays(block: Any, header: Header, offset: int, identity: bytes) -> List[PlacedArray]:
    """Where the arrays of a record are, after its checksum; parameters and errors as of `read_record`."""
    start = offset + _CHECKSUM.size
    try:
        (checksum,) = _CHECKSUM.unpack_from(block, offset)
        numbers = np.frombuffer(block, header.sizes, header.num_numbers, start).tolist()
    except (ValueError, struct.error):  # beyond the end of the block
        raise DamagedRecord
    content = start + header.num_numbers * np.dtype(header.sizes).itemsize
    placed, end = _lay_out(header.arrays, numbers, content)
    found = zlib.crc32(block[start:end], zlib.crc32(identity, header.checksum))
    if end > len(block) or found != checksum:
        raise DamagedRecord
    return placed


@functools.lru_cache(maxsize=256)
def _parse_header(header: bytes, checksum: int) -> Header:
    if zlib.crc32(header) != checksum:
        raise DamagedRecord
    content = json.loads(header)
    forms = [ArrayForm(**form) for form in content["arrays"]]
    common = {name: _from_json(array) for name, array in content["common"].items()}
    return Header(
        arrays=forms,
        num_paths_asked=content["num_paths_asked"],
        sizes=content["sizes"],
        common=common,
        names=frozenset([*common, *(form.name for form in forms)]),
        num_numbers=sum(form.num_dims + (form.codec != RAW) for form in forms),
        size=_HEAD.size + len(header),
        checksum=checksum,
    )


def _common(sentences: Sequence[Mapping[str, np.ndarray]]) -> Dict[str, np.ndarray]:
    """The transitions, if all sentences have the same, as they have of one teacher."""
    first = sentences[0].get("transitions")
    if first is None:
        return {}
    # To the bit: as numbers, 0 and -0 are equal.
    content = first.shape, first.tobytes()
    others = (one["transitions"] for one in sentences)
    same = all((other.shape, other.tobytes()) == content for other in others)
    return {"transitions": first} if same else {}


def _to_json(array: np.ndarray) -> Dict[str, Any]:
    content = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": array.shape, "base64": content}


def _from_json(array: Dict[str, Any]) -> np.ndarray:
    content = base64.b64decode(array["base64"])
    return np.frombuffer(content, array["dtype"]).reshape(array["shape"])


def _pack_record(arrays: Mapping[str, np.ndarray], forms: List[ArrayForm], sizes: str) -> bytes:
    numbers: List[int] = []
    contents = []
    for name, dtype, _, codec in forms:
        array = np.ascontiguousarray(arrays[name], dtype=dtype)
        packed_size, content = pack_array(array, codec)
        numbers += array.shape if codec == RAW else (*array.shape, packed_size)
        contents.append(content)
    return np.array(numbers, dtype=sizes).tobytes() + b"".join(contents)


def _unpack(block: Any, placed: PlacedArray) -> np.ndarray:
    form, shape, is_packed, start, size = placed
    return unpack_array(block[start : start + size], form.codec, form.dtype, shape, is_packed)


def _lay_out(
    forms: List[ArrayForm], numbers: List[int], start: int
) -> Tuple[List[PlacedArray], int]:
    """Where the arrays of a record are that has such shapes and sizes, and where it ends."""
    placed, index = [], 0
    for form in forms:
        shape = numbers[index : index + form.num_dims]
        index += form.num_dims
        size, is_packed = np.dtype(form.dtype).itemsize, False
        for length in shape:
            size *= length
        if form.codec != RAW:
            is_packed = numbers[index] > 0
            size = numbers[index] or size
            index += 1
        placed.append(PlacedArray(form, shape, is_packed, start, size))
        start += size
    return placed, start
