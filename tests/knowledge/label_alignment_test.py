"""Teachers' labels and a student's tags meet by name."""

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import align_labels


def test_by_name_and_not_by_index():
    tags = {"O": 0, "B-LOC": 1, "I-LOC": 2}
    found = align_labels(["B-LOC", "I-LOC", "O"], tags, "the teachers")
    assert isinstance(found, np.ndarray) and found.tolist() == [1, 2, 0]


def test_the_student_may_have_more_tags():
    assert align_labels(["O"], {"B-PER": 0, "O": 1}, "the teachers").tolist() == [1]


def message(labels, tags):
    with pytest.raises(ConfigurationError) as raised:
        align_labels(labels, {tag: index for index, tag in enumerate(tags)}, 'the teachers of "de"')
    return raised.value.message


def test_message():
    assert message(["O", "B-MISC", "S-ORG"], ["O", "B-PER", "B-LOC"]) == (
        'the labels of the teachers of "de" do not fit the student\'s.\n'
        "  Labels that the student lacks: B-MISC, S-ORG\n"
        "  Labels that the teachers lack: B-LOC, B-PER\n"
        "Train both with one label set and one label_encoding, or add the missing labels to the "
        'student\'s vocabulary ("vocabulary": {"tokens_to_add": {"labels": [...]}}).'
    )


def test_message_where_the_teachers_lack_nothing():
    assert "\n  Labels that the teachers lack: none\n" in message(["O", "X"], ["O"])
