"""From words to the arrays that a tagger reads, without instances and without torch."""

from typing import Any, Dict, List, Sequence

import numpy as np
from allennlp.data import Token, TokenIndexer, Vocabulary


class WordsToArrays:
    """
    What a dataset reader's token indexers make of words, batch by batch.

    # Parameters

    vocab : `Vocabulary`
    indexers : `Dict[str, TokenIndexer]`
        Each gives one list of numbers, or of lists of numbers, padded with 0.
    """

    def __init__(self, vocab: Vocabulary, indexers: Dict[str, TokenIndexer]) -> None:
        self._vocab = vocab
        self._indexers = indexers

    def __call__(self, sentences: Sequence[Sequence[str]]) -> Dict[str, np.ndarray]:
        """Of each indexer int64, shape (batch_size, num_tokens) or (batch_size, num_tokens, num_pieces)."""
        tokens = [[Token(word) for word in words] for words in sentences]
        return {name: self._array(indexer, tokens) for name, indexer in self._indexers.items()}

    def _array(self, indexer: TokenIndexer, sentences: List[List[Token]]) -> np.ndarray:
        indexed = [indexer.tokens_to_indices(tokens, self._vocab) for tokens in sentences]
        lengths = [list(indexer.get_padding_lengths(one).values()) for one in indexed]
        array = np.zeros([len(sentences), *np.max(lengths, axis=0)], dtype=np.int64)
        for row, one in zip(array, indexed):
            (numbers,) = one.values()
            _fill(row, numbers)
        return array


def _fill(row: np.ndarray, numbers: List[Any]) -> None:
    if row.ndim == 1:
        row[: len(numbers)] = numbers
        return
    for place, pieces in zip(row, numbers):
        place[: len(pieces)] = pieces
