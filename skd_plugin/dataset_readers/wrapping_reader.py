"""Readers around other readers."""

from typing import Any, Dict, Optional, Sequence, Union

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Token

from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader


class WrappingReader(TaggingDatasetReader):
    """
    Leaves to another reader how instances are made: the base of those that choose or change sentences.

    Their constructors call `_wrap`. It is no constructor, as `from_params` would ask for its parameters too.
    """

    _type = ""  # the name under which a sub-class is registered, for messages

    _not_taken = (
        "token_indexers",
        "language",
        "label_namespace",
        "max_sentences_per_file",
        "skip_sentences_per_file",
    )

    def _wrap(
        self, option: str, reader: DatasetReader, interleave: bool, kwargs: Dict[str, Any]
    ) -> None:
        """`option` of the sub-class gives the reader; `kwargs` is what the sub-class does not know."""
        for given in self._not_taken:
            if given in kwargs:
                raise ConfigurationError(
                    f"{self._type}: {given} beside {option}; expected it inside, as the reader's that it is for"
                )
        self._maker = self._wrapped(option, reader)
        super().__init__(
            token_indexers=self._maker.token_indexers,
            label_namespace=self._maker._label_namespace,
            interleave=interleave,
            **kwargs,
        )

    def _wrapped(self, option: str, reader: DatasetReader) -> TaggingDatasetReader:
        if not isinstance(reader, TaggingDatasetReader):
            raise ConfigurationError(
                f"{self._type}: {option} is a {type(reader).__name__}; expected a reader that derives from "
                "TaggingDatasetReader"
            )
        not_inside = {
            "max_instances": reader.max_instances is not None,
            "interleave": reader._interleave,
        }
        for given, is_given in not_inside.items():
            if is_given:
                raise ConfigurationError(
                    f"{self._type}: {given} inside {option}; expected it outside, for all files together"
                )
        return reader

    def text_to_instance(  # type: ignore[override]
        self,
        tokens: Sequence[Union[str, Token]],
        tags: Optional[Sequence[str]] = None,
        language: Optional[str] = None,
    ) -> Instance:
        """As that of the other reader."""
        return self._maker.text_to_instance(tokens, tags, language)

    def apply_token_indexers(self, instance: Instance) -> None:
        self._maker.apply_token_indexers(instance)
