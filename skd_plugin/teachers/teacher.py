"""What a teacher is."""

from typing import Dict, List, NamedTuple, Sequence

from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.structures import TagDistribution
from skd_plugin.teachers.loadable import Loadable


class Answer(NamedTuple):
    """
    What a teacher says of a batch of sentences.

    # Parameters

    distribution : `TagDistribution`
        Over the tag paths of each.
    hidden : `Dict[int, Tensor]`
        By layer, shape (batch_size, num_tokens, dim): the states of each word; anything on padding.
    """

    distribution: TagDistribution
    hidden: Dict[int, Tensor]


class Teacher(Loadable, Registrable):
    """
    Gives the distribution over tag paths of any sentences: a linear chain, or labelled spans, over its own labels.

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
    def labels(self) -> List[str]:
        """The labels that its distributions are indexed by; needs a loaded teacher."""
        raise NotImplementedError

    def distribution(self, sentences: Sequence[Sequence[str]]) -> TagDistribution:
        """The distributions of a batch of sentences, given as words; padded to the longest."""
        raise NotImplementedError

    def answer(self, sentences: Sequence[Sequence[str]], layers: Sequence[int] = ()) -> Answer:
        """
        The distributions, and in the same pass the hidden states of layers. A teacher that has such states overrides
        this method.

        # Parameters

        sentences : `Sequence[Sequence[str]]`
            As words.
        layers : `Sequence[int]`, optional (default = none)
            From 0, or from the last one, -1, backwards.
        """
        if layers:
            raise ConfigurationError(
                f"{self.description}: a teacher of type {type(self).__name__} gives no hidden states"
            )
        return Answer(self.distribution(sentences), {})
