"""What one store on disk knows is added to another."""

import itertools
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import lazy_groups_of

from skd_plugin.knowledge.knowledge import (
    Knowledge,
    KnowledgeRequest,
    array_names,
    as_arrays,
    fields_of,
)
from skd_plugin.knowledge.lmdb_store import LmdbKnowledgeStore, StoredSentence, index_key

BYTES_IN_BLOCK = 2**22
"""After so many bytes of arrays, or `SENTENCES_IN_BLOCK`, a block is written."""
SENTENCES_IN_BLOCK = 2**12
SENTENCES_AT_ONCE = 256


@dataclass
class Merged:
    """
    What came of merging one store into another.

    # Parameters

    copied : `int`
        Of how many sentences something was copied.
    known : `int`
        Of how many sentences all was there already.
    damaged : `List[Tuple[str, bytes]]`
        Sources and digests of sentences that could not be read.
    """

    copied: int = 0
    known: int = 0
    damaged: List[Tuple[str, bytes]] = field(default_factory=list)


def check_labels(stores: Sequence[LmdbKnowledgeStore]) -> None:
    """`ConfigurationError` if some of them disagree about the labels of a source."""
    seen: Dict[str, Tuple[List[str], Optional[str]]] = {}
    for store in stores:
        for name, source in store.sources().items():
            labels, folder = seen.setdefault(name, (source.labels, store.folder))
            if labels != source.labels:
                raise ConfigurationError(
                    f"{folder} and {store.folder} have different labels of the source {name} ({source.description}): "
                    f"{', '.join(labels)}; and {', '.join(source.labels)}. Nothing was merged: one of them was filled "
                    "by a teacher that has changed and kept its fingerprint"
                )


def merge_store(
    into: LmdbKnowledgeStore,
    store: LmdbKnowledgeStore,
    progress: Callable[[int], object] = lambda done: None,
) -> Merged:
    """
    Adds all that a store knows, in large blocks, but for what is there already.

    # Parameters

    into, store : `LmdbKnowledgeStore`
        Open ones; `store` stays as it is.
    progress : `Callable[[int], object]`, optional
        Called with how many more sentences were looked at.
    """
    check_labels([into, store])
    merged = Merged()
    for name, sentences in itertools.groupby(store.scan(), lambda sentence: sentence.source):
        source = store.sources()[name]
        if into.labels(name) is None:
            into.add_source(name, source.labels, source.description)
        waiting: Dict[bytes, Knowledge] = {}
        size = 0
        for some in lazy_groups_of(sentences, SENTENCES_AT_ONCE):
            lacking = _lacking(into, name, some, merged)
            waiting.update(lacking)
            size += sum(one.nbytes for one in lacking.values())
            if size >= BYTES_IN_BLOCK or len(waiting) >= SENTENCES_IN_BLOCK:
                into.write_by_digest(name, waiting)
                waiting, size = {}, 0
            progress(len(some))
        if waiting:
            into.write_by_digest(name, waiting)
    return merged


def _lacking(
    into: LmdbKnowledgeStore, source: str, sentences: List[StoredSentence], merged: Merged
) -> Dict[bytes, Knowledge]:
    """Of each sentence what is new to a store; counts the others."""
    number = into.sources()[source].number

    def find_all(transaction: Any) -> Dict[bytes, Knowledge]:
        found = {}
        for _, digest, knowledge in sentences:
            if knowledge is None:
                merged.damaged.append((source, digest))
                continue
            lack = into.lack(transaction, index_key(number, digest), _all_of(knowledge))
            if lack.fields:
                found[digest] = _restricted(knowledge, lack)
        return found

    before = len(merged.damaged)
    lacking = into.transact(find_all)
    merged.copied += len(lacking)
    merged.known += len(sentences) - len(lacking) - (len(merged.damaged) - before)
    return lacking


def _all_of(knowledge: Knowledge) -> KnowledgeRequest:
    """The request that all of it answers."""
    arrays = as_arrays(knowledge)
    fields = fields_of(arrays)
    return KnowledgeRequest(fields, knowledge.num_paths_asked if "paths" in fields else 0)


def _restricted(knowledge: Knowledge, request: KnowledgeRequest) -> Knowledge:
    """What answers a request, and no more."""
    wanted = array_names(request)
    arrays = {name: array for name, array in as_arrays(knowledge).items() if name in wanted}
    return Knowledge.of_arrays(arrays, request.num_paths)
