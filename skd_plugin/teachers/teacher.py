"""What a teacher is."""

from typing import List, Sequence

import torch
from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError

from skd_plugin.structures import TagDistribution


class Teacher(Registrable):
    """
    Gives the distribution over tag paths of any sentences: a linear chain, or labelled spans, over its own labels.

    A teacher is no `torch.nn.Module`: its weights must stay out of the student's archive, optimizer and train mode. It
    may be asked for its fingerprint without being loaded, so that a run whose knowledge is cached loads no teacher.

    # Parameters

    weight : `float`, optional (default = `1.0`)
        How much it counts among the teachers of a language.
    """

    default_implementation = "archive"
    weight = 1.0

    def __init__(self, weight: float = 1.0) -> None:
        if weight <= 0:
            raise ConfigurationError(
                f"weight of a teacher: expected a positive number, got {weight}"
            )
        self.weight = weight

    @property
    def description(self) -> str:
        """What to call it, for people."""
        return type(self).__name__

    @property
    def fingerprint(self) -> str:
        """Names what the teacher knows: equal for teachers that answer alike, wherever they are kept."""
        raise NotImplementedError

    @property
    def labels(self) -> List[str]:
        """The labels that its distributions are indexed by; needs a loaded teacher."""
        raise NotImplementedError

    def load(self, device: torch.device) -> None:
        """Makes the teacher ready to answer."""

    def distribution(self, sentences: Sequence[Sequence[str]]) -> TagDistribution:
        """The distributions of a batch of sentences, given as words; padded to the longest."""
        raise NotImplementedError

    def release(self) -> None:
        """Frees what `load` took."""
