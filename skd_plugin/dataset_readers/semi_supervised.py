"""Unlabelled text beside labelled text."""

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.input_files import Input, parsed_input
from skd_plugin.dataset_readers.sentence_file import SentenceFile
from skd_plugin.dataset_readers.wrapping_reader import WrappingReader

PARTS = ("labeled", "unlabeled")


@DatasetReader.register("semi_supervised")
class SemiSupervisedReader(WrappingReader):
    """
    Reads labelled files, and beside them unlabelled ones, whose tags are withheld if they have any.

    Input is `{"labeled": {language: path}, "unlabeled": {language: path}}`, or its JSON; each part in all forms that
    other readers take, and either may be missing. Any other input is labelled, so that the reader serves for
    validation, evaluation and prediction too.

    # Parameters

    labeled : `DatasetReader`
        A `TaggingDatasetReader`. It makes all instances: its `token_indexers` and `label_namespace` hold, and its
        `language` for sentences for which nothing else says it.
    unlabeled : `DatasetReader`, optional (default = `labeled`)
        A `TaggingDatasetReader`. It says how unlabelled files are read, which of their sentences, and in what language;
        its `token_indexers` and `label_namespace` are not used.
    interleave : `bool`, optional (default = `False`)
        Read all files of both parts side by side. See `TaggingDatasetReader`, of which there is `max_instances` too;
        `max_sentences_per_file` and `skip_sentences_per_file` are the inner readers', each its own.
    """

    _type = "semi_supervised"

    def __init__(
        self,
        labeled: DatasetReader,
        unlabeled: Optional[DatasetReader] = None,
        interleave: bool = False,
        **kwargs: Any,
    ) -> None:
        self._wrap("labeled", labeled, interleave, kwargs)
        self._unlabeled = (
            self._maker if unlabeled is None else self._wrapped("unlabeled", unlabeled)
        )

    def sentence_files(self, file_path: Any) -> List[SentenceFile]:
        parts = _parts(file_path)
        files: List[SentenceFile] = []
        if "labeled" in parts:
            files += self._maker.sentence_files(parts["labeled"])
        if "unlabeled" in parts:
            unlabeled = self._unlabeled.sentence_files(parts["unlabeled"])
            files += [replace(file, withhold_tags=True) for file in unlabeled]
        return files


def _parts(file_path: Any) -> Dict[str, Input]:
    """The inputs of both parts."""
    parsed = parsed_input(file_path)
    if not isinstance(parsed, Mapping):
        return {"labeled": parsed}
    others = [name for name in parsed if name not in PARTS]
    nested = any(isinstance(part, Mapping) for part in parsed.values())
    if others and (nested or len(others) < len(parsed)):
        found = ", ".join(map(repr, parsed))
        raise ConfigurationError(
            f'input: found {found}; expected "labeled", "unlabeled" or both, or {{language: path}}'
        )
    return {"labeled": parsed} if others or not parsed else dict(parsed)
