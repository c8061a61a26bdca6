"""Sentences and their translations."""

import logging
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer
from allennlp.data.fields import MetadataField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer

from skd_plugin.dataset_readers.parallel import Row, Side, read_rows
from skd_plugin.dataset_readers.parallel.inputs import OF_A_FILE, OF_A_MAPPING
from skd_plugin.dataset_readers.sentence import DataError, sentence_key
from skd_plugin.dataset_readers.tokenization import tokenize

logger = logging.getLogger(__name__)


@DatasetReader.register("parallel_text")
class ParallelTextReader(DatasetReader):
    """
    Reads sentences and their translations: of each row of a file, one pair of the pivot language (English) with each
    other language.

    Input is one of these, a list of them, or its JSON; files may be gzipped:

    * `corpus.tsv`: columns, whose languages the first line says (`en<TAB>de`);
    * `memory.tmx`;
    * `{"en": "corpus.en", "de": "corpus.de"}`: a sentence a line, line by line the same (Moses), in two or more;
    * `{"en": "en.conllu", "de": "de.conllu"}`: treebanks, joined by `sent_id`.

    # Parameters

    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    pivot : `str`, optional (default = `"en"`)
        The language that the teacher reads. To evaluate pairs without English, name another one.
    languages : `List[str]`, optional (default = all but the pivot)
        The others that are wanted; other columns, such as of numbers, are not looked at.
    tokenization : `str`, optional (default = `"auto"`)
        See `skd_plugin.dataset_readers.tokenization`; treebanks have words of their own.
    max_tokens : `int`, optional (default = `None`)
        What a side has beyond is cut off. The teacher reads the whole.
    skip_empty : `bool`, optional (default = `False`)
        Leave out pairs with an empty side, and count them in the log; otherwise such a side is an error.
    file_format : `str`, optional (default = as the names of files say)
        "tsv", "tmx", "lines" or "conllu".
    """

    def __init__(
        self,
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        pivot: str = "en",
        languages: Optional[List[str]] = None,
        tokenization: str = "auto",
        max_tokens: Optional[int] = None,
        skip_empty: bool = False,
        file_format: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        tokenize("", tokenization)  # refuses an unknown one
        formats = [*OF_A_FILE, *OF_A_MAPPING]
        if file_format not in (None, *formats):
            raise ConfigurationError(
                f'file_format: expected one of {", ".join(formats)}, got "{file_format}"'
            )
        if max_tokens is not None and max_tokens < 1:
            raise ConfigurationError(f"max_tokens: expected 1 or more, got {max_tokens}")
        if languages is not None and (pivot in languages or not languages):
            raise ConfigurationError(
                f'languages: expected some beside the pivot "{pivot}", got {languages}'
            )
        self.token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}
        self._pivot = pivot
        self._languages = languages
        self._tokenization = tokenization
        self._max_tokens = max_tokens
        self._skip_empty = skip_empty
        self._file_format = file_format

    def text_to_instance(  # type: ignore[override]
        self,
        pivot: Union[str, Sequence[str]],
        other: Optional[Union[str, Sequence[str]]] = None,
        language: str = "und",
        pivot_text: Optional[str] = None,
    ) -> Instance:
        """
        # Parameters

        pivot : `Union[str, Sequence[str]]`
            Text, or words; at least one.
        other : `Union[str, Sequence[str]]`, optional (default = `None`)
            The same of its translation, if there is one.
        language : `str`, optional (default = `"und"`)
            Of `other`.
        pivot_text : `str`, optional (default = `pivot`)
            What the teacher reads.

        # Returns

        `Instance` with `pivot`, perhaps `other`, and `metadata`: `language`, `pivot_language`, `pivot_words` (what the
        teacher reads, split at blanks) and `key` (of the pivot's sentence).
        """
        if pivot_text is None:
            pivot_text = pivot if isinstance(pivot, str) else " ".join(pivot)
        pivot_words = pivot_text.split()
        metadata = {
            "language": language,
            "pivot_language": self._pivot,
            "pivot_words": pivot_words,
            "key": sentence_key(pivot_words, self._pivot),
        }
        fields: Dict[str, Field] = {"pivot": TextField(self._tokens(pivot))}
        if other is not None:
            fields["other"] = TextField(self._tokens(other))
        return Instance({**fields, "metadata": MetadataField(metadata)})

    def apply_token_indexers(self, instance: Instance) -> None:
        for field in instance.fields.values():
            if isinstance(field, TextField):
                field.token_indexers = self.token_indexers

    def _read(self, file_path: Any) -> Iterator[Instance]:
        for pivot, other, language in self.shard_iterable(self._pairs(file_path)):
            yield self.text_to_instance(
                pivot.words or pivot.text, other.words or other.text, language, pivot.text
            )

    def _pairs(self, file_path: Any) -> Iterator[Any]:
        """Sides of the pivot, other sides, and the languages of these."""
        num_pairs = num_empty = 0
        for row in read_rows(file_path, self._file_format):
            for language in self._others(row):
                sides = self._side(row, self._pivot), self._side(row, language)
                if any(self._is_empty(side) for side in sides):
                    num_empty += 1
                else:
                    num_pairs += 1
                    yield (*sides, language)
        if not num_pairs:
            raise ConfigurationError(f"{file_path}: found no pair of sentences; expected one")
        if num_empty:
            logger.info("%s: %d of its pairs had an empty side", file_path, num_empty)

    def _others(self, row: Row) -> List[str]:
        return self._languages or [language for language in row if language != self._pivot]

    def _side(self, row: Row, language: str) -> Side:
        if language not in row:
            side = next(iter(row.values()))
            found = f"the languages {', '.join(row)}"
            raise DataError(side.path, side.line, found, f'"{language}" too')
        return row[language]

    def _is_empty(self, side: Side) -> bool:
        if side.text.strip():
            return False
        if not self._skip_empty:
            raise DataError(side.path, side.line, "an empty side", "text (or skip_empty)")
        return True

    def _tokens(self, text: Union[str, Sequence[str]]) -> List[Token]:
        is_text = isinstance(text, str)
        tokens = tokenize(str(text), self._tokenization) if is_text else [Token(w) for w in text]
        if not tokens:
            raise ConfigurationError("a side of a pair has no tokens; expected at least one")
        return tokens[: self._max_tokens]
