"""Sentences that nobody wrote: as many as wanted, the same for every seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple

import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NOISE = 0.03
"""How many tags in all follow no rule."""
AT_ONCE = 10_000

Sentence = Tuple[List[str], List[str]]  # words and tags


@dataclass(frozen=True)
class Corpus:
    """
    What sentences are drawn from.

    Words are drawn by rank, p(rank) proportional to 1 / (rank + 2.7) (Zipf; Mandelbrot, 1953). A word ends in three
    letters that give its tag away, but a quarter of the words have one of two tags, by the word before. 3 % of all tags
    are noise.

    # Parameters

    num_sentences : `int`
    num_tags : `int`
    num_words : `int`, optional (default = `20000`)
        Size of the vocabulary.
    is_short : `bool`, optional (default = `False`)
        Lengths are uniform from 4 to 8; else gamma-distributed with shape 3 and mean 20, rounded, from 1 to 100.
    seed : `int`, optional (default = `0`)
    """

    num_sentences: int
    num_tags: int
    num_words: int = 20_000
    is_short: bool = False
    seed: int = 0

    def __iter__(self) -> Iterator[Sentence]:
        random = np.random.default_rng(self.seed)
        words = np.array(self.words)
        labels = np.array(self.labels)
        shares = 1 / (np.arange(self.num_words) + 2.7)
        shares /= shares.sum()
        for start in range(0, self.num_sentences, AT_ONCE):
            lengths = self._lengths(random, min(AT_ONCE, self.num_sentences - start))
            ranks = random.choice(self.num_words, lengths.sum(), p=shares)
            tags = self._tags(random, ranks)
            ends = np.cumsum(lengths)
            for begin, end in zip(ends - lengths, ends):
                yield words[ranks[begin:end]].tolist(), labels[tags[begin:end]].tolist()

    @property
    def labels(self) -> List[str]:
        """The tags' names."""
        return [f"T{tag:02d}" for tag in range(self.num_tags)]

    @property
    def words(self) -> List[str]:
        """The vocabulary, the most frequent first."""
        return [self._word(rank) for rank in range(self.num_words)]

    def write(self, path: Path) -> None:
        """As columns, a word and its tag a line."""
        with open(path, "w", encoding="utf-8") as file:
            for words, tags in self:
                file.writelines(f"{word} {tag}\n" for word, tag in zip(words, tags))
                file.write("\n")

    def _lengths(self, random: np.random.Generator, number: int) -> np.ndarray:
        if self.is_short:
            return random.integers(4, 9, number)
        return random.gamma(3.0, 20 / 3, number).round().astype(int).clip(1, 100)

    def _tags(self, random: np.random.Generator, ranks: np.ndarray) -> np.ndarray:
        main = ranks % self.num_tags
        before = np.concatenate([[0], main[:-1]])
        is_other = (ranks // self.num_tags % 4 == 3) & (before % 2 == 1)
        tags = np.where(is_other, (main + 1) % self.num_tags, main)
        noise = random.integers(0, self.num_tags, len(ranks))
        return np.where(random.random(len(ranks)) < NOISE, noise, tags)

    def _word(self, rank: int) -> str:
        stem, ending = rank // self.num_tags, rank % self.num_tags
        return _spelt(stem) + LETTERS[ending % 26] + LETTERS[ending // 26] + "s"


def _spelt(number: int) -> str:
    letters = LETTERS[number % 26]
    while number >= 26:
        number //= 26
        letters += LETTERS[number % 26]
    return letters
