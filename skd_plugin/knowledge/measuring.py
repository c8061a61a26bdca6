"""How many bytes of a record are what."""

from typing import Any, Dict, FrozenSet, NamedTuple

from skd_plugin.knowledge import records
from skd_plugin.knowledge.hidden_states import layer_of
from skd_plugin.knowledge.lmdb_store import Place


class MeasuredRecord(NamedTuple):
    """A record: the number of its block, bytes of the header of that, of what is no array, and of the arrays in use."""

    block: int
    header: int
    overhead: int
    sizes: Dict[str, int]
    num_tokens: int
    num_paths_asked: int


def measure(block: Any, place: Place, identity: bytes, names: FrozenSet[str]) -> MeasuredRecord:
    """
    # Parameters

    block : bytes or a view of them
    place : `Tuple[int, int]`
        The number of the block, and where in it the record begins.
    identity : `bytes`
        As it was packed with.
    names : `FrozenSet[str]`
        The arrays that are in use.

    # Raises

    `DamagedRecord` if the checksum does not fit.
    """
    number, offset = place
    header = records.read_header(block)
    placed = records.place_arrays(block, header, offset, identity)
    content = placed[0].start if placed else offset
    sizes = {name: 0 for name in header.common if name in names}  # they are in the header
    num_tokens = 0
    for form, shape, _, _, size in placed:
        if form.name in names:
            sizes[form.name] = size
            if form.name in ("log_posteriors", "log_emissions") or layer_of(form.name) is not None:
                num_tokens = shape[0]
            elif form.name == "paths":
                num_tokens = shape[1]
    return MeasuredRecord(
        number, header.size, content - offset, sizes, num_tokens, header.num_paths_asked
    )
