"""Encoding the characters of each different word of a batch once."""

from typing import Tuple

import torch
from allennlp.modules import TokenEmbedder
from allennlp.modules.token_embedders import TokenCharactersEncoder
from torch import Tensor

_SEED = 20201107  # of the codes of words


@TokenEmbedder.register("distinct_character_encoding")
class DistinctCharactersEncoder(TokenCharactersEncoder):
    """
    AllenNLP's `character_encoding`, but words of a batch that are spelt alike are encoded once, and so is all padding:
    the same numbers in less time on a CPU (benchmarks/training_steps.py). With `dropout`, words spelt alike lose the
    same features.

    # Parameters

    embedding : `Embedding`
        Of characters.
    encoder : `Seq2VecEncoder`
        From the characters of a word to a vector.
    dropout : `float`, optional (default = `0.0`)
        Behind the encoder.
    """

    def forward(self, token_characters: Tensor) -> Tensor:
        """From shape (batch_size, num_tokens, num_characters) to (batch_size, num_tokens, encoding_dim)."""
        words = token_characters.flatten(0, 1)
        if not len(words):
            return super().forward(token_characters)
        distinct, place = _distinct(words)
        # Shape: (1, num_distinct, encoding_dim)
        encoded = super().forward(distinct.unsqueeze(0))
        return encoded[0, place].view(*token_characters.shape[:2], -1)


def _distinct(words: Tensor) -> Tuple[Tensor, Tensor]:
    """
    The different rows of words, shape (num_words, num_characters), and of each row its place among them, shape
    (num_words,).
    """
    generator = torch.Generator().manual_seed(_SEED)
    bounds = torch.iinfo(torch.int64)
    factors = torch.randint(bounds.min, bounds.max, words.shape[1:], generator=generator)
    # Sorting numbers is much faster than sorting rows; overflow is welcome in a code.
    code = (words * factors.to(words.device)).sum(dim=1)
    _, place = torch.unique(code, return_inverse=True)
    first = torch.zeros(int(place.max()) + 1, dtype=torch.long, device=words.device)
    first[place] = torch.arange(len(words), device=words.device)
    distinct = words[first]
    if not torch.equal(distinct[place], words):  # two words with one code
        return torch.unique(words, dim=0, return_inverse=True)  # type: ignore[no-any-return]
    return distinct, place
