"""One file of an input, as a stream of sentences."""

import itertools
from dataclasses import dataclass, field, replace
from typing import Callable, Dict, Iterable, Iterator, Optional

from skd_plugin.dataset_readers.sentence import DataError, Sentence


@dataclass
class SentenceFile:
    """
    The sentences of a file from the `skip`-th on, at most `limit`.

    # Parameters

    path : `str`
    language : `str`, optional
        Of sentences that do not say theirs.
    read : `Callable[[str], Iterable[Sentence]]`
        Reads the whole file.
    skip : `int`, optional (default = `0`)
    limit : `int`, optional (default = `None`)
    withhold_tags : `bool`, optional (default = `False`)
        Give all sentences without tags.
    counts : `Dict[str, int]`, optional
        How many sentences the files of one `read`, `skip` and `limit` have, as far as they were counted, by path.
    """

    path: str
    language: Optional[str]
    read: Callable[[str], Iterable[Sentence]]
    skip: int = 0
    limit: Optional[int] = None
    withhold_tags: bool = False
    counts: Dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Sentence]:
        """The sentences; `DataError` if there is none."""
        for sentence in self._window():
            tags = None if self.withhold_tags else sentence.tags
            yield replace(sentence, tags=tags, language=sentence.language or self.language)

    def count(self) -> int:
        """How many sentences there are, for which the file is read once."""
        if self.path not in self.counts:
            self.counts[self.path] = sum(1 for _ in self._window())
        return self.counts[self.path]

    def as_counted(self) -> Iterator[Sentence]:
        """The sentences; `DataError` if they are not as many as were counted."""
        number, expected = 0, self.count()
        for number, sentence in enumerate(self, start=1):
            if number > expected:
                break
            yield sentence
        if number != expected:
            found = f"{number} sentences" if number < expected else "more sentences"
            raise DataError(self.path, None, found, f"{expected}, as when they were counted")

    def _window(self) -> Iterator[Sentence]:
        num_skipped, any_sentence = 0, False
        sentences = iter(self.read(self.path))
        for _ in itertools.islice(sentences, self.skip):
            num_skipped += 1
        for sentence in itertools.islice(sentences, self.limit):
            any_sentence = True
            yield sentence
        if not any_sentence and self.skip:
            expected = f"more than the {self.skip} that skip_sentences_per_file leaves out"
            raise DataError(self.path, None, f"{num_skipped} sentences", expected)
        if not any_sentence:
            raise DataError(self.path, None, "no sentence", "at least one")
