"""What the teachers are to be asked about training data."""

from typing import Iterable, Iterator, Set

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance

from skd_plugin.dataset_readers.sentence import is_labeled
from skd_plugin.teachers import Processes, Question


def training_questions(
    instances: Iterable[Instance],
    taught: Set[str],
    processes: Processes,
    is_whole: bool = True,
) -> Iterator[Question]:
    """
    # Parameters

    instances : `Iterable[Instance]`
        The training sentences, or this process' part of them.
    taught : `Set[str]`
        The languages that have teachers.
    processes : `Processes`
        All that have a part.
    is_whole : `bool`, optional (default = `True`)
        Whether these are all of them, so that every taught language has some.

    # Returns

    A question for each sentence of a language that somebody teaches.

    # Raises

    `ConfigurationError` for an unlabelled sentence that nobody teaches, and for a language with teachers but without
    sentences.
    """
    present: Set[str] = set()
    for instance in instances:
        metadata = instance.fields["metadata"].metadata  # type: ignore[attr-defined]
        absent = [name for name in ("words", "language", "key") if name not in metadata]
        if absent:
            raise ConfigurationError(
                f"the training sentences have no {', '.join(absent)} in their metadata: take a reader that derives "
                "from skd_plugin.dataset_readers.TaggingDatasetReader"
            )
        language, words = metadata["language"], metadata["words"]
        present.add(language)
        if language in taught:
            yield Question(language, metadata["key"], words)
        elif not is_labeled(instance):
            raise ConfigurationError(
                f'a training sentence of "{language}" has neither gold tags nor a teacher ("{" ".join(words)[:80]}"): '
                f"nothing can be learnt from it. Languages with teachers: {', '.join(sorted(taught))}"
            )
    if is_whole:
        check_languages(taught, set().union(*processes.gather(present)))


def check_languages(taught: Set[str], present: Set[str]) -> None:
    """`ConfigurationError` for a language with teachers but without sentences."""
    for language in sorted(taught - present):
        raise ConfigurationError(
            f'"{language}" has teachers but no training sentence. Languages of the training data: '
            f"{', '.join(sorted(present)) or 'none'}; name them by a mapping {{language: path}} as train_data_path, or "
            "by the reader's `language`"
        )
