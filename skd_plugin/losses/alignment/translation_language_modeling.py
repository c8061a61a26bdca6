"""Hidden words are guessed from both sides of a pair."""

from typing import Optional

import torch
from torch import Tensor

from skd_plugin.losses.alignment.alignment_objective import (
    AlignmentObjective,
    PairBatch,
    needed_words,
)

UNKNOWN = 1
"""The number of the piece that stands for those that the vocabulary lacks, in every vocabulary of AllenNLP."""


@AlignmentObjective.register("translation_language_modeling")
class TranslationLanguageModeling(AlignmentObjective):
    """
    Masked language modelling over both sides of a pair, one behind the other (Conneau and Lample, NeurIPS 2019): the
    mean over hidden words of -log p(word | all other words of both sides). The token level of MMKD (Li et al., EMNLP
    2022). How many words are hidden, and whether they are guessed from the pair or from their own side alone, says the
    model (`hide`, `hide_in`).

    A word of several pieces is a bag of them, -log p(word) = -mean log p(piece): the student has one state a word. Of
    words of one piece that is the usual loss. Unknown pieces are not guessed.

    # Parameters

    weight : `float`, optional (default = `1.0`)
    """

    name = "translation_language_modeling"
    needs_words = True

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__(weight)
        self._output: Optional[torch.nn.Module] = None

    def layers(
        self, encoder_dim: int, sentence_dim: int, num_pieces: int
    ) -> Optional[torch.nn.Module]:
        self._output = torch.nn.Linear(encoder_dim, num_pieces)
        return self._output

    def __call__(self, batch: PairBatch) -> Tensor:
        words = needed_words(batch)
        assert self._output is not None, "layers() makes the output layer"
        # Shape: (num_hidden, num_pieces)
        logits = self._output(words.masked[words.is_hidden])
        return bag_of_pieces_loss(logits, words.targets[words.is_hidden])


def bag_of_pieces_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """
    The mean over words of -mean log p(piece) over the known pieces of a word; 0 if there is no word with any.

    # Parameters

    logits : `Tensor`
        Shape (num_words, num_pieces).
    targets : `Tensor`
        Shape (num_words, most_pieces): numbers of pieces, 0 behind the last of a word.
    """
    is_known = targets > UNKNOWN
    num_known = is_known.sum(dim=1)
    # Shape: (num_words, most_pieces)
    log_probs = logits.log_softmax(dim=1).gather(1, targets)
    of_words = -log_probs.masked_fill(~is_known, 0.0).sum(dim=1) / num_known.clamp(min=1)
    return of_words.sum() / (num_known > 0).sum().clamp(min=1)
