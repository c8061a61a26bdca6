"""The sentences that models are timed with."""

import itertools
import json
from typing import Any, Dict, List, Optional, Sequence

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers import TaggingDatasetReader

Words = List[str]
COLUMNS = "conll_tagging"
READERS = {".conllu": "conllu_tagging", ".jsonl": "jsonl_tagging", ".xml": "semeval_absa"}


def read_words(path: str, reader: Optional[str] = None, most: Optional[int] = None) -> List[Words]:
    """
    The words of the sentences of a file.

    # Parameters

    path : `str`
        What a reader of this plugin takes: a file, or the JSON of `{language: path}`.
    reader : `str`, optional (default = as the end of the path says, else `conll_tagging`)
        The registered name of a `TaggingDatasetReader`, or the JSON of its config.
    most : `int`, optional (default = all)
        How many sentences are read.

    # Raises

    `ConfigurationError` if there are none.
    """
    made = _reader(reader or _name_for(path))
    files = made.sentence_files(path)
    sentences = itertools.chain.from_iterable(files)
    words = [list(one.tokens) for one in itertools.islice(sentences, most)]
    if not words:
        raise ConfigurationError(f"{path}: expected at least one sentence, got none")
    return words


def of_length(sentences: Sequence[Words], length: int) -> List[Words]:
    """Each sentence cut to so many words; a shorter one goes on with the sentences behind it."""
    found = []
    for number in range(len(sentences)):
        words: Words = []
        while len(words) < length:
            words += sentences[number % len(sentences)]
            number += 1
        found.append(words[:length])
    return found


def batch_of(sentences: Sequence[Words], size: int, number: int) -> List[Words]:
    """The batch of a number, as if the sentences began anew behind the last, and before the first."""
    return [sentences[(number * size + row) % len(sentences)] for row in range(size)]


def _name_for(path: str) -> str:
    bare = path[: -len(".gz")] if path.endswith(".gz") else path
    return next((name for ending, name in READERS.items() if bare.endswith(ending)), COLUMNS)


def _reader(config: str) -> TaggingDatasetReader:
    content: Dict[str, Any] = {"type": config}
    if config.startswith("{"):
        try:
            content = json.loads(config)
        except ValueError as error:
            raise ConfigurationError(f"--reader {config}: expected a name or JSON ({error})")
    made = DatasetReader.from_params(Params(content))
    if not isinstance(made, TaggingDatasetReader):
        raise ConfigurationError(
            f"--reader {config}: expected a reader that derives from TaggingDatasetReader, got {type(made).__name__}"
        )
    return made
