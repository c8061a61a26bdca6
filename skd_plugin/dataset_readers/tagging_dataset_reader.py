"""What all readers share; the base of a reader of your own."""

import gzip
import io
import itertools
import json
from contextlib import contextmanager
from os import PathLike
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer
from allennlp.data.fields import MetadataField, SequenceLabelField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer

from skd_plugin.dataset_readers.sentence import UNLABELED, DataError, Sentence, sentence_key

Path = Union[str, "PathLike[str]"]
Input = Union[Path, List[Path], Dict[str, Union[Path, List[Path]]]]


class TaggingDatasetReader(DatasetReader):
    """
    Reads sentences with their tags and language; a subclass says in `read_sentences` how a file is read.

    Input is a path or URL, a list of them, a mapping `{language: path or list}`, or a string with the JSON of either.
    Files may be gzipped. A sentence's language is its own, else the mapping's, else the parameter's, else "und".

    # Parameters

    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    language : `str`, optional (default = `None`)
        Of sentences for which nothing else says it.
    label_namespace : `str`, optional (default = `"labels"`)
    max_sentences_per_file : `int`, optional (default = `None`)
        Only the first so many of each file (`max_instances` counts over all files together).
    """

    def __init__(
        self,
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        language: Optional[str] = None,
        label_namespace: str = "labels",
        max_sentences_per_file: Optional[int] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        self.token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}
        self._language = language
        self._label_namespace = label_namespace
        self._max_sentences_per_file = max_sentences_per_file

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        """Reads one file, sentence by sentence; `open_lines` opens it, and `DataError` is for what is wrong in it."""
        raise NotImplementedError

    def text_to_instance(  # type: ignore[override]
        self,
        tokens: Sequence[Union[str, Token]],
        tags: Optional[Sequence[str]] = None,
        language: Optional[str] = None,
    ) -> Instance:
        """
        # Parameters

        tokens : `Sequence[Union[str, Token]]`
            At least one.
        tags : `Sequence[str]`, optional (default = `None`)
            One a token.
        language : `str`, optional (default = the reader's)

        # Returns

        `Instance` with `tokens`, `metadata` (`words`, `language`, `key`) and, if given, `tags`.
        """
        language = language or self._language or "und"
        text = [Token(token) if isinstance(token, str) else token for token in tokens]
        words = [str(token.text) for token in text]
        if not words:
            raise ConfigurationError("a sentence has no tokens; expected at least one")
        if tags is not None and len(tags) != len(words):
            raise ConfigurationError(f"a sentence has {len(words)} tokens and {len(tags)} tags; expected as many")
        field = TextField(text)
        metadata = {"words": words, "language": language, "key": sentence_key(words, language)}
        fields: Dict[str, Field] = {"tokens": field, "metadata": MetadataField(metadata)}
        if tags is not None:
            fields["tags"] = SequenceLabelField(list(tags), field, self._label_namespace)
        return Instance(fields)

    def apply_token_indexers(self, instance: Instance) -> None:
        instance.fields["tokens"].token_indexers = self.token_indexers  # type: ignore[attr-defined]

    def _read(self, file_path: Input) -> Iterator[Instance]:
        for language, sentence in self.shard_iterable(self._all_sentences(file_path)):
            language = sentence.language or language
            instance = self.text_to_instance(sentence.tokens, sentence.tags, language)
            if sentence.tags is None:
                # Instances of one batch need the same fields; integers stay out of the vocabulary.
                tags = [UNLABELED] * len(sentence.tokens)
                field = instance.fields["tokens"]
                instance.add_field(
                    "tags", SequenceLabelField(tags, field, self._label_namespace)  # type: ignore[arg-type]
                )
            yield instance

    def _all_sentences(self, file_path: Input) -> Iterator[Tuple[Optional[str], Sentence]]:
        for language, path in _files(file_path):
            sentences = self.read_sentences(path)
            any_sentence = False
            for sentence in itertools.islice(sentences, self._max_sentences_per_file):
                any_sentence = True
                yield language, sentence
            if not any_sentence and self._max_sentences_per_file != 0:
                raise DataError(path, None, "no sentence", "at least one")

    @contextmanager
    def open_bytes(self, path: str) -> Iterator[io.BufferedIOBase]:
        """Opens a local or remote file, gzipped or not; `DataError` if there is none."""
        try:
            local_path = cached_path(path)
        except FileNotFoundError:
            raise DataError(path, None, "no such file", "a file or URL")
        with open(local_path, "rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
        with gzip.open(local_path) if is_gzip else open(local_path, "rb") as file:  # type: ignore[assignment]
            yield file

    def open_lines(self, path: str) -> Iterator[Tuple[int, str]]:
        """The numbers (from 1) and lines of a UTF-8 file, without line ends."""
        with self.open_bytes(path) as file:
            for number, line in enumerate(_without_broken_gzip(file, path), start=1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    found = f"byte 0x{line[error.start]:02x} at position {error.start + 1}"
                    raise DataError(path, number, found, "UTF-8 text")
                yield number, text.rstrip("\r\n")


def _without_broken_gzip(file: Any, path: str) -> Iterator[bytes]:
    try:
        yield from file
    except (EOFError, gzip.BadGzipFile) as error:
        raise DataError(path, None, f"a damaged gzip file ({error})", "a whole one")


def _files(file_path: Input) -> Iterator[Tuple[Optional[str], str]]:
    """Languages, where the input gives them, and paths."""
    if isinstance(file_path, str) and file_path.lstrip()[:1] in ("{", "["):
        try:
            file_path = json.loads(file_path)
        except json.JSONDecodeError as error:
            raise ConfigurationError(
                f"input {file_path}: {error}; expected a path, or the JSON of a list or {{language: path}}"
            )
    if isinstance(file_path, dict):
        for language, paths in file_path.items():
            for _, path in _files(paths):
                yield language, path
    elif isinstance(file_path, (list, tuple)):
        for path in file_path:
            yield None, str(path)
    elif isinstance(file_path, (str, PathLike)):
        yield None, str(file_path)
    else:
        raise ConfigurationError(
            f"input: expected a path, a list of paths or {{language: path}}, got {file_path!r}"
        )
