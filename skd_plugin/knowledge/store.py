"""Where knowledge is kept."""

from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from allennlp.common import Registrable

from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest, as_arrays


class KnowledgeStore(Registrable):
    """
    Keeps the knowledge of sentences by source (the fingerprint of the teachers that answered) and sentence key.

    A store never forgets: writing adds fields to what is there. It is opened before use and closed after it.
    """

    default_implementation = "lmdb"

    def open(self, serialization_dir: str) -> None:
        """Makes the store ready; `serialization_dir` is where a store without a path of its own lives."""

    def close(self) -> None:
        """Ends the use; what was written stays."""

    @property
    def folder(self) -> Optional[str]:
        """The folder that all processes see which share the store; `None` if it lives in this process alone."""
        return None

    def labels(self, source: str) -> Optional[List[str]]:
        """The labels that the knowledge of a source is indexed by, or `None` for an unknown source."""
        raise NotImplementedError

    def add_source(self, source: str, labels: List[str], description: str = "") -> None:
        """Notes the labels of a source, and who it is, once, before anything is written for it."""
        raise NotImplementedError

    def read(
        self, source: str, keys: Sequence[str], request: KnowledgeRequest
    ) -> List[Optional[Knowledge]]:
        """What was asked for of each sentence, or `None` where not all of it is here."""
        raise NotImplementedError

    def write(self, source: str, knowledge: Mapping[str, Knowledge]) -> None:
        """Adds the knowledge of sentences, by key; all of it or nothing."""
        raise NotImplementedError

    def missing(
        self, source: str, keys: Sequence[str], request: KnowledgeRequest
    ) -> Dict[str, KnowledgeRequest]:
        """What of the request is not here, for each sentence of which something is not."""
        raise NotImplementedError


@KnowledgeStore.register("memory")
class MemoryKnowledgeStore(KnowledgeStore):
    """Keeps knowledge in this process alone, for tests and small corpora: `--recover` computes it anew."""

    def __init__(self) -> None:
        self._labels: Dict[str, List[str]] = {}
        self._knowledge: Dict[Tuple[str, str], Knowledge] = {}

    def labels(self, source: str) -> Optional[List[str]]:
        return self._labels.get(source)

    def add_source(self, source: str, labels: List[str], description: str = "") -> None:
        self._labels[source] = labels

    def read(
        self, source: str, keys: Sequence[str], request: KnowledgeRequest
    ) -> List[Optional[Knowledge]]:
        found = [self._knowledge.get((source, key)) for key in keys]
        return [None if one is None or one.lacks(request).fields else one for one in found]

    def missing(
        self, source: str, keys: Sequence[str], request: KnowledgeRequest
    ) -> Dict[str, KnowledgeRequest]:
        found = {key: self._knowledge.get((source, key), Knowledge()) for key in keys}
        lacks = {key: one.lacks(request) for key, one in found.items()}
        return {key: lack for key, lack in lacks.items() if lack.fields}

    def write(self, source: str, knowledge: Mapping[str, Knowledge]) -> None:
        for key, new in knowledge.items():
            self._knowledge[source, key] = merge(self._knowledge.get((source, key)), new)


def merge(old: Optional[Knowledge], new: Knowledge) -> Knowledge:
    """Both together; where both have a field the new one counts, but for fewer paths."""
    if old is None:
        return new
    fields = {**as_arrays(old), **as_arrays(new)}
    if old.num_paths_asked > new.num_paths_asked:
        for name in ("paths", "path_log_probs"):
            fields[name] = as_arrays(old)[name]
    asked = max(old.num_paths_asked, new.num_paths_asked)
    return Knowledge.of_arrays(fields, asked)
