"""Who can be asked about sentences."""

from typing import List, Protocol, Sequence

import torch

from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest


class Askable(Protocol):
    """The teachers of a language as one: an `Ensemble` of taggers, or a `SentenceTeacher`."""

    @property
    def fingerprint(self) -> str:
        """Names what they know."""

    @property
    def description(self) -> str:
        """Who they are, for people."""

    @property
    def labels(self) -> List[str]:
        """What their knowledge is indexed by; once they are loaded."""

    def load(self, device: torch.device) -> None:
        """Makes them ready to answer."""

    def release(self) -> None:
        """Frees what `load` took."""

    def teach(
        self, sentences: Sequence[Sequence[str]], request: KnowledgeRequest
    ) -> List[Knowledge]:
        """What they know of a batch of sentences, given as words."""
