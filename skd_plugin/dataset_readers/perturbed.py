"""More text out of labelled sentences."""

import itertools
import random
from functools import partial
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.sentence import DataError, Sentence
from skd_plugin.dataset_readers.sentence_file import SentenceFile
from skd_plugin.dataset_readers.tag_encodings import TagError, known_encoding, tags_to_spans
from skd_plugin.dataset_readers.wrapping_reader import WrappingReader


class Segment(NamedTuple):
    """A word, or all words of a span; any other of its `label` can stand in its place, or none if that is `None`."""

    label: Optional[str]
    tokens: List[str]
    tags: List[str]


@DatasetReader.register("perturbed")
class PerturbedReader(WrappingReader):
    """
    Reads labelled sentences, and after those of a file `copies` of each in which words have given way to words of the
    file that have the same tag, or of which only a piece is left.

    Teachers know the sentences that they were trained on by heart: what they say of them is little more than gold. What
    they say of the copies is more, and takes no further text: see `unlabeled` of `semi_supervised`, which withholds the
    tags. They are kept here, for a comparison with training on the copies as if they were gold.

    # Parameters

    reader : `DatasetReader`
        A `TaggingDatasetReader` of labelled sentences, and of how many of each file; all of a file are held in memory.
        It makes all instances: its `token_indexers` and `label_namespace` hold.
    copies : `int`, optional (default = `4`)
        Of each sentence.
    replace : `float`, optional (default = `0.35`)
        The probability with which a word gives way; if there is a `label_encoding`, a whole span, to another one with
        its label, while words outside of spans stay.
    cut : `float`, optional (default = `0.5`)
        The probability with which only a piece of a copy is left, of any length from `shortest` on with equal chance.
    shortest : `int`, optional (default = `4`)
        In words and whole spans.
    label_encoding : `str`, optional (default = `None`)
        Of the tags, if they are of spans.
    seed : `int`, optional (default = `13370`)
        A file has the same copies whenever it is read, so that teachers answer for each once.
    interleave : `bool`, optional (default = `False`)
        See `TaggingDatasetReader`, of which there is `max_instances` too.

    # Raises

    `DataError` if a sentence has no tags, or tags that are impossible in the `label_encoding`.
    """

    _type = "perturbed"

    def __init__(
        self,
        reader: DatasetReader,
        copies: int = 4,
        replace: float = 0.35,
        cut: float = 0.5,
        shortest: int = 4,
        label_encoding: Optional[str] = None,
        seed: int = 13370,
        interleave: bool = False,
        **kwargs: Any,
    ) -> None:
        self._wrap("reader", reader, interleave, kwargs)
        for name, number in (("copies", copies), ("shortest", shortest)):
            if number < 1:
                raise ConfigurationError(f"perturbed: {name}: expected 1 or more, got {number}")
        for name, probability in (("replace", replace), ("cut", cut)):
            if not 0 <= probability <= 1:
                raise ConfigurationError(f"perturbed: {name}: expected 0 to 1, got {probability}")
        self._copies = copies
        self._replace = replace
        self._cut = cut
        self._shortest = shortest
        self._label_encoding = label_encoding and known_encoding(label_encoding)
        self._seed = seed

    def sentence_files(self, file_path: Any) -> List[SentenceFile]:
        return [
            SentenceFile(
                file.path, file.language, partial(self._with_copies, file), counts=self._counts
            )
            for file in self._maker.sentence_files(file_path)
        ]

    def _with_copies(self, file: SentenceFile, path: str) -> Iterator[Sentence]:
        sentences = []
        for sentence in file:
            sentences.append(sentence)
            yield sentence
        segmented = [self._segments(sentence, path) for sentence in sentences]
        by_label: Dict[Optional[str], List[Segment]] = {}
        for segment in itertools.chain.from_iterable(segmented):
            by_label.setdefault(segment.label, []).append(segment)
        chance = random.Random(self._seed)
        for _ in range(self._copies):
            for sentence, segments in zip(sentences, segmented):
                yield _joined(self._perturbed(segments, by_label, chance), sentence.language)

    def _segments(self, sentence: Sentence, path: str) -> List[Segment]:
        words, tags = sentence.tokens, sentence.tags
        if tags is None:
            raise DataError(path, None, f'no tags of the sentence "{" ".join(words)}"', "tags")
        if self._label_encoding is None:
            return [Segment(tag, [word], [tag]) for word, tag in zip(words, tags)]
        try:
            spans = tags_to_spans(tags, self._label_encoding)
        except TagError as error:
            found = f'{error} in the sentence "{" ".join(words)}"'
            raise DataError(path, None, found, f"tags of {self._label_encoding}")
        segments: List[Segment] = []
        position = 0
        for label, start, end in [*spans, ("", len(words), len(words))]:
            for outside in range(position, start):
                segments.append(Segment(None, [words[outside]], ["O"]))
            if label:
                segments.append(Segment(label, words[start : end + 1], tags[start : end + 1]))
            position = end + 1
        return segments

    def _perturbed(
        self,
        segments: List[Segment],
        by_label: Dict[Optional[str], List[Segment]],
        chance: random.Random,
    ) -> List[Segment]:
        copy = [
            (
                chance.choice(by_label[segment.label])
                if segment.label is not None and chance.random() < self._replace
                else segment
            )
            for segment in segments
        ]
        if len(copy) > self._shortest and chance.random() < self._cut:
            length = chance.randint(self._shortest, len(copy))
            start = chance.randint(0, len(copy) - length)
            copy = copy[start : start + length]
        return copy


def _joined(segments: List[Segment], language: Optional[str]) -> Sentence:
    return Sentence(
        [token for segment in segments for token in segment.tokens],
        [tag for segment in segments for tag in segment.tags],
        language,
    )
