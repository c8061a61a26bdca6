"""Where knowledge is kept."""

from typing import Dict, List, Mapping, Optional, Tuple

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

    def labels(self, source: str) -> Optional[List[str]]:
        """The labels that the knowledge of a source is indexed by, or `None` for an unknown source."""
        raise NotImplementedError

    def add_source(self, source: str, labels: List[str]) -> None:
        """Notes the labels of a source, once, before anything is written for it."""
        raise NotImplementedError

    def read(self, source: str, key: str) -> Optional[Knowledge]:
        """All that is known of a sentence, or `None`."""
        raise NotImplementedError

    def write(self, source: str, knowledge: Mapping[str, Knowledge]) -> None:
        """Adds the knowledge of sentences, by key; all of it or nothing."""
        raise NotImplementedError

    def answers(self, source: str, key: str, request: KnowledgeRequest) -> bool:
        """Whether all that is asked for of a sentence is here."""
        knowledge = self.read(source, key)
        return knowledge is not None and knowledge.answers(request)


@KnowledgeStore.register("memory")
class MemoryKnowledgeStore(KnowledgeStore):
    """Keeps knowledge in this process alone, for tests and small corpora: `--recover` computes it anew."""

    def __init__(self) -> None:
        self._labels: Dict[str, List[str]] = {}
        self._knowledge: Dict[Tuple[str, str], Knowledge] = {}

    def labels(self, source: str) -> Optional[List[str]]:
        return self._labels.get(source)

    def add_source(self, source: str, labels: List[str]) -> None:
        self._labels[source] = labels

    def read(self, source: str, key: str) -> Optional[Knowledge]:
        return self._knowledge.get((source, key))

    def write(self, source: str, knowledge: Mapping[str, Knowledge]) -> None:
        for key, new in knowledge.items():
            self._knowledge[source, key] = merge(self.read(source, key), new)


def merge(old: Optional[Knowledge], new: Knowledge) -> Knowledge:
    """Both together; where both have a field the new one counts, but for fewer paths."""
    if old is None:
        return new
    fields = {**as_arrays(old), **as_arrays(new)}
    if old.num_paths_asked > new.num_paths_asked:
        for name in ("paths", "path_log_probs"):
            fields[name] = as_arrays(old)[name]
    asked = max(old.num_paths_asked, new.num_paths_asked)
    return Knowledge(num_paths_asked=asked, **fields)
