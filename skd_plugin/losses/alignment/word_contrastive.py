"""A hidden word has the state that it has where it is seen."""

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.losses.alignment.alignment_objective import (
    AlignmentObjective,
    PairBatch,
    WordViews,
    needed_words,
    positive,
)

NEGATIVES = ("batch", "pair")
POSITIONS = ("hidden", "all")


@AlignmentObjective.register("word_contrastive")
class WordContrastive(AlignmentObjective):
    """
    How hard it is to tell, by the states of words, which word that is seen is a hidden one: InfoNCE (van den Oord et
    al., 2018) between two views of words. The word level of MMKD (Li et al., EMNLP 2022). It is the mean over
    words i of

        -log(exp(cos(m_i, w_i) / T) / sum_j exp(cos(m_i, w_j) / T))

    where m is the state of a word where some are hidden, w where all are seen.

    # Parameters

    temperature : `float`, optional (default = `0.1`)
        T. The paper gives none; 0.1 is common for features of about a hundred dimensions.
    positions : `str`, optional (default = `"hidden"`)
        Which words are i: "hidden" ones, or "all". A word that is seen in both views is easy to find again and teaches
        little.
    negatives : `str`, optional (default = `"batch"`)
        Where j is from: all words of the "batch", or those of the same "pair" alone. The former are more, and harder
        where sentences are short; the latter have fewer of the same word.
    stop_gradient : `bool`, optional (default = `True`)
        Whether w is a fixed target, as in the paper: else both views move towards each other.
    weight : `float`, optional (default = `1.0`)
    """

    name = "word_contrastive"
    needs_words = True

    def __init__(
        self,
        temperature: float = 0.1,
        positions: str = "hidden",
        negatives: str = "batch",
        stop_gradient: bool = True,
        weight: float = 1.0,
    ) -> None:
        super().__init__(weight)
        if positions not in POSITIONS:
            raise ConfigurationError(
                f'positions: expected one of {", ".join(POSITIONS)}, got "{positions}"'
            )
        if negatives not in NEGATIVES:
            raise ConfigurationError(
                f'negatives: expected one of {", ".join(NEGATIVES)}, got "{negatives}"'
            )
        self._temperature = positive("temperature", temperature)
        self._positions = positions
        self._negatives = negatives
        self._stop_gradient = stop_gradient

    def __call__(self, batch: PairBatch) -> Tensor:
        words = needed_words(batch)
        whole = words.whole.detach() if self._stop_gradient else words.whole
        queried = words.is_hidden if self._positions == "hidden" else words.mask
        return word_contrast(words, whole, queried, self._negatives, self._temperature)


def word_contrast(
    words: WordViews, whole: Tensor, queried: Tensor, negatives: str, temperature: float
) -> Tensor:
    """
    The loss, 0 if no word is queried.

    # Parameters

    words : `WordViews`
    whole : `Tensor`
        Shape (batch_size, num_tokens, encoder_dim): w.
    queried : `Tensor`
        Shape (batch_size, num_tokens), bool: which words are i.
    negatives : `str`
    temperature : `float`
    """
    mask = words.mask
    # Shapes: (num_queries, encoder_dim), (num_words, encoder_dim)
    queries = torch.nn.functional.normalize(words.masked[queried], dim=1)
    candidates = torch.nn.functional.normalize(whole[mask], dim=1)
    scores = queries @ candidates.T / temperature
    if negatives == "pair":
        rows = torch.arange(len(mask), device=mask.device).unsqueeze(1).expand_as(mask)
        is_other = rows[queried].unsqueeze(1) != rows[mask].unsqueeze(0)
        scores = scores.masked_fill(is_other, -float("inf"))
    # Which candidate each query is. Shape: (num_queries,)
    same = queried[mask].nonzero().squeeze(1)
    log_probs = scores.log_softmax(dim=1).gather(1, same.unsqueeze(1))
    return -log_probs.sum() / max(len(same), 1)
