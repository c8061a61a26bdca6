"""Unlabelled text."""

import logging
from typing import Any, Iterator

from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.sentence import Sentence
from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader
from skd_plugin.dataset_readers.tokenization import tokenize

logger = logging.getLogger(__name__)


@DatasetReader.register("plain_text")
class PlainTextReader(TaggingDatasetReader):
    """
    Reads one unlabelled sentence a line; empty lines separate and are counted in the log.

    # Parameters

    tokenization : `str`, optional (default = `"whitespace"`)
        "whitespace", "words", "characters" or "auto"; see `skd_plugin.dataset_readers.tokenization`.
    """

    def __init__(self, tokenization: str = "whitespace", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        tokenize("", tokenization)  # refuses an unknown one
        self._tokenization = tokenization

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        num_empty = 0
        for _, line in self.open_lines(path):
            tokens = tokenize(line, self._tokenization)
            if tokens:
                yield Sentence([str(token.text) for token in tokens])
            else:
                num_empty += 1
        if num_empty:
            logger.info("%s: %d empty lines between sentences", path, num_empty)
