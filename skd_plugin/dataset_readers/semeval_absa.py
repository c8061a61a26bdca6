"""Opinion targets of the SemEval tasks on aspect-based sentiment analysis."""

import logging
from typing import Any, Dict, Iterator, List, Optional, Tuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.sentence import DataError, Sentence
from skd_plugin.dataset_readers.tag_encodings import known_encoding, spans_to_tags
from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader
from skd_plugin.dataset_readers.tokenization import tokenize

logger = logging.getLogger(__name__)

Target = Tuple[int, int, str]
"""First and last (exclusive) character, and label."""


@DatasetReader.register("semeval_absa")
class SemevalAbsaReader(TaggingDatasetReader):
    """
    Reads the review XML of SemEval-2014 task 4 (`aspectTerm`) and of 2015 task 12 and 2016 task 5 (`Opinion`).

    Every target becomes a span on tokens, which are cut at the target's ends. A target that several opinions name
    counts once; of overlapping targets the longest stays, and the log says how many were dropped. Opinions on nothing
    in the text (`NULL`) have no span.

    For corpora without a dev set, `file.xml#dev` is the first of every ten reviews of a file (of every ten sentences in
    files of 2014), and `file.xml#train` the others.

    # Parameters

    tokenization : `str`, optional (default = `"auto"`)
        See `skd_plugin.dataset_readers.tokenization`.
    label_encoding : `str`, optional (default = `"BIO"`)
    with_polarity : `bool`, optional (default = `False`)
        Label spans by polarity and not `TARGET`; a target of several polarities is labelled `conflict`.
    """

    def __init__(
        self,
        tokenization: str = "auto",
        label_encoding: str = "BIO",
        with_polarity: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        tokenize("", tokenization)  # refuses an unknown one
        self._tokenization = tokenization
        self._label_encoding = known_encoding(label_encoding)
        self._with_polarity = with_polarity

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        num_kept = num_dropped = 0
        file, _, part = path.rpartition("#")
        path, part = (file, part) if part in ("train", "dev") else (path, "")
        for element in _sentences(self._parse(path), part):
            text = element.findtext("text")
            if text is None:
                raise DataError(path, _line(element), "a sentence without text", "a <text> element")
            if not text.strip():
                raise DataError(path, _line(element), "an empty <text>", "a sentence")
            targets = self._targets(path, element, text)
            kept = _without_overlaps(targets)
            num_kept, num_dropped = num_kept + len(kept), num_dropped + len(targets) - len(kept)
            yield self._sentence(text, kept)
        if num_dropped:
            logger.warning(
                "%s: dropped %d overlapping targets, kept %d", path, num_dropped, num_kept
            )

    def _parse(self, path: str) -> Element:
        """The tree, whose elements know their line."""
        builder = TreeBuilder()
        parser = expat.ParserCreate()

        def start(name: str, attributes: Any) -> None:
            builder.start(name, {**attributes, "line": str(parser.CurrentLineNumber)})

        parser.StartElementHandler = start
        parser.EndElementHandler = builder.end
        parser.CharacterDataHandler = builder.data
        with self.open_bytes(path) as file:
            try:
                parser.Parse(file.read(), True)
            except expat.ExpatError as error:
                what = expat.errors.messages[error.code]
                raise DataError(
                    path, error.lineno, f"broken XML ({what})", "the XML of SemEval reviews"
                )
        return builder.close()

    def _targets(self, path: str, sentence: Element, text: str) -> List[Target]:
        """The targets of a sentence, each once."""
        labels: Dict[Tuple[int, int], str] = {}
        for element in [*sentence.iter("aspectTerm"), *sentence.iter("Opinion")]:
            name = element.get("term", element.get("target"))
            if name is None or name == "NULL":
                continue
            start, end = (_offset(path, element, attribute) for attribute in ("from", "to"))
            place = text[start:end].split() if end <= len(text) else []
            # Dutch targets are in lower case, whatever the text has.
            if not place or [word.lower() for word in place] != name.lower().split():
                found = (
                    f'target "{name}" at {start} to {end}, where the text has "{text[start:end]}"'
                )
                raise DataError(path, _line(element), found, "the target's place in the text")
            label = self._label(path, element)
            labels[start, end] = label if labels.get((start, end), label) == label else "conflict"
        return [(start, end, label) for (start, end), label in labels.items()]

    def _label(self, path: str, element: Element) -> str:
        if not self._with_polarity:
            return "TARGET"
        polarity = element.get("polarity")
        if not polarity:
            raise DataError(path, _line(element), f"<{element.tag}> without polarity", "a polarity")
        return polarity

    def _sentence(self, text: str, targets: List[Target]) -> Sentence:
        cuts = sorted({0, len(text), *(end for target in targets for end in target[:2])})
        tokens = [
            (start + (token.idx or 0), str(token.text))
            for start, end in zip(cuts, cuts[1:])
            for token in tokenize(text[start:end], self._tokenization)
        ]
        spans = []
        for start, end, label in targets:
            inside = [index for index, (offset, _) in enumerate(tokens) if start <= offset < end]
            spans.append((label, inside[0], inside[-1]))
        tags = spans_to_tags(spans, len(tokens), self._label_encoding)
        return Sentence([token for _, token in tokens], tags)


def _sentences(root: Element, part: str) -> Iterator[Element]:
    """The sentences of the reviews of `part`: "train", "dev", or all of them."""
    for number, review in enumerate(list(root.iter("Review")) or root.iter("sentence")):
        if not part or part == ("train" if number % 10 else "dev"):
            yield from review.iter("sentence")


def _without_overlaps(targets: List[Target]) -> List[Target]:
    """The longest of those that overlap, the first of equally long ones; in order."""
    kept: List[Target] = []
    for target in sorted(targets, key=lambda target: (target[0] - target[1], target[0])):
        if all(target[1] <= other[0] or other[1] <= target[0] for other in kept):
            kept.append(target)
    return sorted(kept)


def _line(element: Element) -> Optional[int]:
    return int(element.attrib["line"])


def _offset(path: str, element: Element, name: str) -> int:
    value = element.get(name, "")
    if not value.isdecimal():
        raise DataError(
            path, _line(element), f'{name}="{value}" in <{element.tag}>', "a character offset"
        )
    return int(value)
