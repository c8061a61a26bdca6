"""Labelled pairs of sentences."""

import logging
from typing import Any, Dict, Iterator, List, Optional, Tuple

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer
from allennlp.data.fields import LabelField, MetadataField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer

from skd_plugin.dataset_readers.input_files import input_files
from skd_plugin.dataset_readers.pair_files import Pair, read_pairs
from skd_plugin.dataset_readers.sentence import DataError
from skd_plugin.dataset_readers.tokenization import tokenize

logger = logging.getLogger(__name__)


@DatasetReader.register("sentence_pairs")
class SentencePairReader(DatasetReader):
    """
    Reads labelled pairs of sentences, as of XNLI (Conneau et al., EMNLP 2018) and PAWS-X (Yang et al., EMNLP 2019).

    Input is a path, a list of them, a mapping `{language: path or list}`, or the JSON of either; files may be gzipped.
    Their first line says what they are:

    * `xnli.dev.tsv`, `xnli.test.tsv`: `language`, `gold_label`, `sentence1`, `sentence2` and others. They hold all
      languages: a mapping takes those of its language from them, a path all;
    * `multinli.train.en.tsv`: `premise`, `hypo`, `label`, of which "contradictory" is read as "contradiction";
    * `train.tsv`, `dev_2k.tsv`, `test_2k.tsv` of PAWS-X: `id`, `sentence1`, `sentence2`, `label`.

    # Parameters

    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokenization : `str`, optional (default = `"auto"`)
        See `skd_plugin.dataset_readers.tokenization`.
    max_tokens : `int`, optional (default = `None`)
        What a sentence has beyond is cut off.
    skip_faulty : `bool`, optional (default = `False`)
        Leave out lines with an empty sentence, with "NS" for one that was not translated (PAWS-X), without a label that
        the format has, or with other columns, and count them in the log; otherwise such a line is an error.
    """

    def __init__(
        self,
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        tokenization: str = "auto",
        max_tokens: Optional[int] = None,
        skip_faulty: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        tokenize("", tokenization)  # refuses an unknown one
        if max_tokens is not None and max_tokens < 1:
            raise ConfigurationError(f"max_tokens: expected 1 or more, got {max_tokens}")
        self.token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}
        self._tokenization = tokenization
        self._max_tokens = max_tokens
        self._skip_faulty = skip_faulty

    def text_to_instance(  # type: ignore[override]
        self, first: str, second: str, label: Optional[str] = None, language: str = "und"
    ) -> Instance:
        """
        # Parameters

        first, second : `str`
            Text of at least one word.
        label : `str`, optional (default = `None`)
        language : `str`, optional (default = `"und"`)

        # Returns

        `Instance` with `first`, `second`, `metadata` (`language`) and, if given, `label`.
        """
        fields: Dict[str, Field] = {
            "first": TextField(self._tokens(first)),
            "second": TextField(self._tokens(second)),
            "metadata": MetadataField({"language": language}),
        }
        if label is not None:
            fields["label"] = LabelField(label)
        return Instance(fields)

    def apply_token_indexers(self, instance: Instance) -> None:
        for name in ("first", "second"):
            instance.fields[name].token_indexers = self.token_indexers  # type: ignore[attr-defined]

    def _read(self, file_path: Any) -> Iterator[Instance]:
        for pair, language in self.shard_iterable(self._pairs(file_path)):
            yield self.text_to_instance(pair.first, pair.second, pair.label, language)

    def _pairs(self, file_path: Any) -> Iterator[Tuple[Pair, str]]:
        """The pairs of all files, with their languages."""
        for wanted, path in input_files(file_path):
            num_pairs, others = 0, set()
            for pair in self._without_faults(path):
                if wanted in (None, pair.language) or pair.language is None:
                    num_pairs += 1
                    yield pair, pair.language or wanted or "und"
                else:
                    others.add(pair.language)
            if not num_pairs:
                found = f"pairs of {', '.join(sorted(others))} alone" if others else "no pair"
                raise DataError(path, None, found, f'pairs of "{wanted}"' if others else "one")

    def _without_faults(self, path: str) -> Iterator[Pair]:
        faults: List[DataError] = []
        try:
            for pair in read_pairs(path):
                if isinstance(pair, Pair):
                    yield pair
                elif self._skip_faulty:
                    faults.append(pair)
                else:
                    raise pair
        finally:  # also if no more are wanted
            if faults:
                logger.info("%s: left out %d faulty lines: %s ...", path, len(faults), faults[0])

    def _tokens(self, text: str) -> List[Token]:
        tokens = tokenize(text, self._tokenization)
        if not tokens:
            raise ConfigurationError("a sentence has no tokens; expected at least one")
        return tokens[: self._max_tokens]
