"""What all readers share; the base of a reader of your own."""

import inspect
import itertools
from typing import (
    IO,
    Any,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

import torch.distributed as dist
from allennlp.common import util
from allennlp.common.checks import ConfigurationError
from allennlp.common.from_params import infer_constructor_params
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer
from allennlp.data.fields import MetadataField, SequenceLabelField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer

from skd_plugin.dataset_readers.input_files import Input, input_files, open_bytes, open_lines
from skd_plugin.dataset_readers.interleaving import interleaved
from skd_plugin.dataset_readers.sentence import UNLABELED, Sentence, sentence_key
from skd_plugin.dataset_readers.sentence_file import SentenceFile


class TaggingDatasetReader(DatasetReader):
    """
    Reads sentences with their tags and language; a subclass says in `read_sentences` how a file is read.

    Input is a path or URL, a list of them, a mapping `{language: path or list}`, or a string with the JSON of either.
    Files may be gzipped, or stand in an archive (`data.zip!train.txt`). A sentence's language is its own, else the
    mapping's, else the parameter's, else "und".

    # Parameters

    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    language : `str`, optional (default = `None`)
        Of sentences for which nothing else says it.
    label_namespace : `str`, optional (default = `"labels"`)
    max_sentences_per_file : `int`, optional (default = `None`)
        Only the first so many of each file, at least one (`max_instances` counts over all files together).
    skip_sentences_per_file : `int`, optional (default = `0`)
        Leave out the first so many of each file; `max_sentences_per_file` counts from there.
    interleave : `bool`, optional (default = `False`)
        Read the files of an input side by side, each spread evenly over the whole, and not one after another: for a
        data loader with `max_instances_in_memory`, which then sees all of them in every chunk. The files are read once
        before, to count their sentences (by every worker process anew in every epoch).
    """

    _not_taken: Tuple[str, ...] = ()  # the options of this class that a subclass does without

    def __init__(
        self,
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        language: Optional[str] = None,
        label_namespace: str = "labels",
        max_sentences_per_file: Optional[int] = None,
        skip_sentences_per_file: int = 0,
        interleave: bool = False,
        **kwargs: Any,
    ) -> None:
        _check_options(type(self), kwargs)
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        if max_sentences_per_file is not None and max_sentences_per_file < 1:
            raise ConfigurationError(
                f"max_sentences_per_file: expected 1 or more, got {max_sentences_per_file}"
            )
        if skip_sentences_per_file < 0:
            raise ConfigurationError(
                f"skip_sentences_per_file: expected 0 or more, got {skip_sentences_per_file}"
            )
        self.token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}
        self._language = language
        self._label_namespace = label_namespace
        self._max_sentences_per_file = max_sentences_per_file
        self._skip_sentences_per_file = skip_sentences_per_file
        self._interleave = interleave
        self._counts: Dict[str, int] = {}  # of the sentences of files that were interleaved

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
            raise ConfigurationError(
                f"a sentence has {len(words)} tokens and {len(tags)} tags; expected one tag a token"
            )
        field = TextField(text)
        metadata = {"words": words, "language": language, "key": sentence_key(words, language)}
        fields: Dict[str, Field] = {"tokens": field, "metadata": MetadataField(metadata)}
        if tags is not None:
            fields["tags"] = SequenceLabelField(list(tags), field, self._label_namespace)
        return Instance(fields)

    def apply_token_indexers(self, instance: Instance) -> None:
        instance.fields["tokens"].token_indexers = self.token_indexers  # type: ignore[attr-defined]

    def sentence_files(self, file_path: Input) -> List[SentenceFile]:
        """The files that an input names, not yet opened."""
        return [
            SentenceFile(
                path,
                language or self._language,
                self.read_sentences,
                self._skip_sentences_per_file,
                self._max_sentences_per_file,
                counts=self._counts,
            )
            for language, path in input_files(file_path)
        ]

    def _read(self, file_path: Input) -> Iterator[Instance]:
        for sentence in self._own_share(self.sentence_files(file_path)):
            instance = self.text_to_instance(sentence.tokens, sentence.tags, sentence.language)
            if sentence.tags is None:
                # Instances of one batch need the same fields; integers stay out of the vocabulary.
                tags = [UNLABELED] * len(sentence.tokens)
                field = instance.fields["tokens"]
                instance.add_field(
                    "tags", SequenceLabelField(tags, field, self._label_namespace)  # type: ignore[arg-type]
                )
            yield instance

    def _own_share(self, files: List[SentenceFile]) -> Iterator[Sentence]:
        """What this process reads of the sentences, if there are several."""
        if not self._interleave:
            return self.shard_iterable(itertools.chain.from_iterable(files))
        # As `shard_iterable` divides them, but a file at a time: of two interleaved files of one size, two processes
        # would else read one each.
        first, step = 0, 1
        if util.is_distributed():
            first, step = dist.get_rank(), dist.get_world_size()
        worker = self.get_worker_info()
        if worker is not None:
            first, step = first + step * worker.id, step * worker.num_workers
        return interleaved(files, first, step)

    def open_lines(self, path: str) -> Iterator[Tuple[int, str]]:
        """The numbers (from 1) and lines of a UTF-8 file, without line ends."""
        return open_lines(path)

    def open_bytes(self, path: str) -> ContextManager[IO[bytes]]:
        """Opens a local or remote file, gzipped or not; `DataError` if there is none."""
        return open_bytes(path)


def _check_options(reader: Type[TaggingDatasetReader], kwargs: Iterable[str]) -> None:
    """`ConfigurationError`, and not Python's `TypeError`, for a misspelt option."""
    for name in kwargs:
        if name not in inspect.signature(DatasetReader.__init__).parameters:
            hidden = (
                "self",
                "kwargs",
                "manual_distributed_sharding",
                "manual_multiprocess_sharding",
                *reader._not_taken,
            )
            known = [option for option in infer_constructor_params(reader) if option not in hidden]
            raise ConfigurationError(
                f"{reader.__name__}: unknown option {name}; expected one of {', '.join(known)}"
            )
