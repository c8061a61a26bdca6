"""What teachers are to be asked about training data, and sentences that nobody can learn from."""

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.fields import MetadataField

from skd_plugin.callbacks.questions import check_languages, training_questions
from skd_plugin.dataset_readers import UNLABELED, ConllTaggingReader
from skd_plugin.teachers import Processes, Question

READER = ConllTaggingReader()


class TwoProcesses(Processes):
    """The other of which has sentences of `others`."""

    def __init__(self, *others):
        self._others = set(others)

    def gather(self, value):
        return [value, self._others]


def sentence(language, *words, tags=None):
    """Without tags as a reader of files gives it."""
    return READER.text_to_instance(list(words), tags or [UNLABELED] * len(words), language)


def asked(instances, *taught, processes=None, **options):
    return list(training_questions(instances, set(taught), processes or Processes(), **options))


def test_sentences_of_taught_languages_are_asked_about():
    labelled = sentence("en", "Anna", tags=["B-PER"])
    instances = [labelled, sentence("de", "ja", tags=["O"]), sentence("en", "no", "tags")]
    keys = [one["metadata"].metadata["key"] for one in instances]
    assert keys[0] != keys[2]
    assert asked(instances, "en") == [
        Question("en", keys[0], ["Anna"]),
        Question("en", keys[2], ["no", "tags"]),
    ]


def test_an_unlabelled_sentence_of_a_language_without_teacher():
    instances = [
        *(sentence(language, "yes", tags=["O"]) for language in ("en", "ru")),
        sentence("el", *["x" * 30] * 9),
    ]
    with pytest.raises(ConfigurationError) as error:
        asked(instances, "ru", "en")
    words = " ".join(["x" * 30] * 9)[:80]
    assert str(error.value) == (
        f'a training sentence of "el" has neither gold tags nor a teacher ("{words}"): '
        "nothing can be learnt from it. Languages with teachers: en, ru"
    )


def test_a_reader_that_says_too_little():
    instance = Instance({"metadata": MetadataField({"words": ["a"]})})
    with pytest.raises(ConfigurationError) as error:
        asked([instance], "en")
    assert str(error.value) == (
        "the training sentences have no language, key in their metadata: take a reader that derives from "
        "skd_plugin.dataset_readers.TaggingDatasetReader"
    )


def test_languages_are_those_of_all_processes():
    instances = [sentence("en", "a", tags=["O"])]
    assert len(asked(instances, "en", "de", processes=TwoProcesses("de"))) == 1
    with pytest.raises(ConfigurationError, match='"fr" has teachers but no training sentence'):
        asked(instances, "en", "fr", processes=TwoProcesses("de"))
    assert len(asked(instances, "en", "fr", is_whole=False)) == 1


def test_of_no_sentence_at_all():
    check_languages(set(), set())
    with pytest.raises(ConfigurationError) as error:
        check_languages({"ru", "en"}, set())
    assert str(error.value).startswith(
        '"en" has teachers but no training sentence. Languages of the training data: none; name '
    )
