"""Blocks: what is packed is unpacked to the bit, field by field, or is damaged."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from skd_plugin.knowledge import records
from skd_plugin.knowledge.array_codecs import DEFLATE, GAPS, HALF, RAW
from tests.knowledge.stores import sentence

DTYPES = ["<f2", "<f4", "<f8", "|u1", "<u2", "<i4", "<i8"]


def content(array):
    return array.dtype.str, array.shape, array.tobytes()


def assert_same(found, expected):
    assert {name: content(one) for name, one in found.items()} == {
        name: content(np.ascontiguousarray(one)) for name, one in expected.items()
    }


@st.composite
def blocks(draw):
    """Sentences that have the same few arrays, of any shapes and types; floats are never NaN, but -0 and -inf too."""
    names = draw(st.lists(st.sampled_from(["paths", "scores", "transitions"]), unique=True))
    forms = {name: (draw(st.sampled_from(DTYPES)), draw(st.integers(1, 3))) for name in names}
    finite = {"allow_nan": False}
    return [
        {
            name: draw(
                st_numpy.arrays(
                    dtype,
                    st_numpy.array_shapes(min_dims=dims, max_dims=dims, min_side=0, max_side=4),
                    elements=finite if "f" in dtype else None,
                )
            )
            for name, (dtype, dims) in forms.items()
        }
        for _ in range(draw(st.integers(1, 4)))
    ]


def pack(sentences, num_paths_asked=3):
    named = [(f"sentence {number}".encode(), one) for number, one in enumerate(sentences)]
    return records.pack(named, num_paths_asked)


@given(blocks(), st.integers(0, 20))
def test_round_trip(sentences, num_paths_asked):
    block, offsets = pack(sentences, num_paths_asked)
    header = records.read_header(memoryview(block))
    assert header.num_paths_asked == num_paths_asked and header.names == set(sentences[0])
    for number, (arrays, offset) in enumerate(zip(sentences, offsets)):
        identity = f"sentence {number}".encode()
        assert_same(records.read_record(memoryview(block), offset, identity), arrays)
        for name in arrays:
            one = records.read_record(block, offset, identity, frozenset([name]))
            assert_same(one, {name: arrays[name]})


def test_arrays_that_are_not_contiguous():
    arrays = {"scores": np.arange(12, dtype="<f2").reshape(3, 4).T, "paths": np.arange(9)[::2]}
    block, offsets = pack([arrays])
    assert_same(records.read_record(block, offsets[0], b"sentence 0"), arrays)


@pytest.mark.parametrize(
    "array, sizes",
    [
        (np.zeros(2**16 - 1, np.uint8), "<u2"),
        (np.zeros(2**16, np.uint8), "<u4"),
        (np.zeros((2**16 - 2) // 2, "<f2"), "<u2"),
        (np.random.RandomState(0).normal(size=(1700, 20)).astype("<f2"), "<u4"),
        (np.zeros((2**16, 0), "<f4"), "<u4"),
    ],
    ids=["bytes", "one more byte", "halves", "a long sentence", "no bytes"],
)
def test_sizes_take_as_many_bytes_as_they_need(array, sizes):
    short = np.ones((1,) * array.ndim, array.dtype)
    block, offsets = pack([{"scores": short}, {"scores": array}, {"scores": short}])
    assert records.read_header(block).sizes == sizes
    for number, expected in enumerate([short, array, short]):
        found = records.read_record(block, offsets[number], f"sentence {number}".encode())
        assert_same(found, {"scores": expected})


def test_hidden_states():
    # Shape: (num_tokens, num_layers, size)
    hidden = np.random.RandomState(1).normal(size=(40, 3, 128)).astype(np.float16)
    block, offsets = pack([{"hidden": hidden}])
    assert_same(records.read_record(block, offsets[0], b"sentence 0"), {"hidden": hidden})
    # Exponents repeat, and take less.
    assert len(block) < 0.9 * hidden.nbytes


def test_what_deflating_does_not_shorten_is_left_as_it_is():
    random = np.random.RandomState(2)
    noise = random.randint(2**16, size=4000).astype("<u2")
    for array in (noise, noise.view("<f2"), noise[:1], noise[:1].view("<f2")):
        block, offsets = pack([{"noise": array}])
        assert len(block) - offsets[0] <= array.nbytes + 4 + 2 * 2
        assert_same(records.read_record(block, offsets[0], b"sentence 0"), {"noise": array})


def test_one_field_is_unpacked_alone(unpacked):
    arrays = {name: np.arange(9, dtype=np.uint8) for name in ("paths", "scores", "posteriors")}
    block, offsets = pack([arrays, arrays])
    records.read_record(block, offsets[1], b"sentence 1", frozenset(["scores"]))
    assert unpacked == ["scores"]
    records.read_record(block, offsets[1], b"sentence 1", frozenset())
    assert unpacked == ["scores"]


def test_transitions_of_all_sentences_are_stored_once():
    transitions = np.random.RandomState(3).normal(size=(52, 50)).astype("<f2")
    arrays = {"transitions": transitions}
    block, offsets = pack([arrays] * 20)
    assert len(block) < 2 * transitions.nbytes
    assert set(records.read_header(block).common) == {"transitions"}
    for number, offset in enumerate(offsets):
        identity = f"sentence {number}".encode()
        assert_same(records.read_record(block, offset, identity), arrays)
        assert records.read_record(block, offset, identity, frozenset(["paths"])) == {}


@pytest.mark.parametrize(
    "other",
    [
        np.array([[0, 1], [2, -1]], "<f2"),
        np.array([[-0.0, 1], [2, 3]], "<f2"),
        np.array([[0, 1, 2, 3]], "<f2"),
    ],
    ids=["numbers", "sign of zero", "shape"],
)
def test_transitions_that_differ_are_stored_with_each_sentence(other):
    sentences = [{"transitions": np.array([[0, 1], [2, 3]], "<f2")}, {"transitions": other}]
    block, offsets = pack(sentences)
    assert not records.read_header(block).common
    for number, (arrays, offset) in enumerate(zip(sentences, offsets)):
        assert_same(records.read_record(block, offset, f"sentence {number}".encode()), arrays)


@pytest.fixture(scope="module")
def small():
    """Three sentences with every codec and common transitions, their block, and where their records begin."""
    sentences = [vars(sentence(number, num_tokens=3 + number)).copy() for number in range(3)]
    sentences = [
        {name: one for name, one in arrays.items() if isinstance(one, np.ndarray)}
        for arrays in sentences
    ]
    for arrays in sentences:
        arrays["scores"] = np.array([0.1, 0.2])
    block, offsets = pack(sentences)
    header = records.read_header(block)
    codecs = {form.codec for form in header.arrays}
    assert header.common and codecs == {DEFLATE, GAPS, HALF, RAW}
    return sentences, block, offsets


def read_all(block, offsets):
    """Of each sentence its arrays, or `None` where the record is damaged."""
    found = []
    for number, offset in enumerate(offsets):
        try:
            found.append(records.read_record(block, offset, f"sentence {number}".encode()))
        except records.DamagedRecord:
            found.append(None)
    return found


@pytest.mark.parametrize("flip", [1, 2, 4, 8, 16, 32, 64, 128, 255])
def test_every_flipped_byte(small, flip):
    sentences, block, offsets = small
    for place in range(len(block)):
        flipped = bytearray(block)
        flipped[place] ^= flip
        # The byte belongs to the header, and so to all, or to one sentence.
        damaged = sum(offset <= place for offset in offsets) - 1
        for number, found in enumerate(read_all(flipped, offsets)):
            if damaged in (-1, number):
                assert found is None, (place, number)
            else:
                assert_same(found, sentences[number])


def test_a_damaged_header_says_nothing(small):
    _, block, offsets = small
    for place in range(offsets[0]):
        flipped = bytearray(block)
        flipped[place] ^= 1
        with pytest.raises(records.DamagedRecord):
            records.read_header(flipped)


def test_every_truncated_block(small):
    sentences, block, offsets = small
    ends = [*offsets[1:], len(block)]
    for size in range(len(block)):
        for number, found in enumerate(read_all(block[:size], offsets)):
            if size < ends[number]:
                assert found is None
            else:
                assert_same(found, sentences[number])


def test_records_of_others(small):
    _, block, offsets = small
    for number, offset in product(range(3), range(len(block) + 9)):
        if offset != offsets[number]:
            with pytest.raises(records.DamagedRecord):
                records.read_record(block, offset, f"sentence {number}".encode())
    with pytest.raises(records.DamagedRecord):
        records.read_record(block, offsets[0], b"another 0")


def test_records_in_a_block_of_another_header(small):
    sentences, block, offsets = small
    other, _ = pack(sentences, num_paths_asked=4)
    header = slice(0, offsets[0])
    assert len(block[header]) == len(other[header]) and block[header] != other[header]
    assert read_all(other[header] + block[offsets[0] :], offsets) == [None] * 3
