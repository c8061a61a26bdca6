"""What an objective over sentence pairs is."""

from dataclasses import dataclass
from typing import Optional

import torch
from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError
from torch import Tensor


@dataclass
class WordViews:
    """
    The words of a batch of pairs, those of the pivot and behind them those of the other side, seen twice.

    # Parameters

    masked : `Tensor`
        Shape (batch_size, num_tokens, encoder_dim): the student's states where some words were hidden from it.
    whole : `Tensor`
        Shape (batch_size, num_tokens, encoder_dim): where it has read all words.
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool: false on padding, where the others hold anything.
    is_hidden : `Tensor`
        Shape (batch_size, num_tokens), bool: the words that were hidden.
    targets : `Tensor`
        Shape (batch_size, num_tokens, num_pieces): the numbers of the pieces of each word, 0 behind them.
    """

    masked: Tensor
    whole: Tensor
    mask: Tensor
    is_hidden: Tensor
    targets: Tensor


@dataclass
class PairBatch:
    """
    A batch of sentence pairs as student and teacher see them; what no objective needs is `None`.

    # Parameters

    pivot, other : `Tensor`
        Shape (batch_size, sentence_dim): the student's embeddings of both sides.
    teacher : `Tensor`, optional
        Shape (batch_size, teacher_dim): the teacher's embeddings of the pivot sides.
    words : `WordViews`, optional
    """

    pivot: Tensor
    other: Tensor
    teacher: Optional[Tensor] = None
    words: Optional[WordViews] = None


class AlignmentObjective(Registrable):
    """
    How far the student's view of sentence pairs is from what it should be: one level of MMKD (Li et al., EMNLP 2022),
    of which no code was published. Where the paper says nothing, there is a parameter.

    # Parameters

    weight : `float`, optional (default = `1.0`)
        How much it counts in the sum over objectives.
    """

    name: str
    """Under which it is registered, and its values are reported."""
    needs_teacher = False
    needs_words = False

    def __init__(self, weight: float = 1.0) -> None:
        if weight <= 0:
            raise ConfigurationError(
                f"weight of an objective: expected a positive number, got {weight}"
            )
        self.weight = weight

    def layers(
        self, encoder_dim: int, sentence_dim: int, num_pieces: int
    ) -> Optional[torch.nn.Module]:
        """
        Weights that the objective learns beside the student, if it has any; asked for once. There are as many pieces as
        `num_pieces`, with those for padding and for unknown ones.
        """
        return None

    def __call__(self, batch: PairBatch) -> Tensor:
        """A scalar, the mean over what is compared."""
        raise NotImplementedError


def needed_words(batch: PairBatch) -> WordViews:
    """The words, or an error."""
    if batch.words is None:
        raise ValueError("the batch has no views of words")
    return batch.words


def needed_teacher(batch: PairBatch) -> Tensor:
    """The teacher's embeddings, or an error."""
    if batch.teacher is None:
        raise ValueError("the batch has no embeddings of a teacher")
    return batch.teacher


def positive(name: str, value: float) -> float:
    """Refuses what is not."""
    if value <= 0:
        raise ConfigurationError(f"{name}: expected a positive number, got {value}")
    return value
