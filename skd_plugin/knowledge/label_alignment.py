"""Teachers' labels and a student's tags are matched by name, never by index."""

import logging
from typing import Dict, List

import numpy as np
from allennlp.common.checks import ConfigurationError

logger = logging.getLogger(__name__)


def align_labels(labels: List[str], tags: Dict[str, int], who: str) -> np.ndarray:
    """
    Finds the student's tag of every label that teachers have.

    The student may have tags that its teachers lack (another language's): teachers give them no probability.

    # Parameters

    labels : `List[str]`
        The teachers' labels.
    tags : `Dict[str, int]`
        The student's tags, with their indices.
    who : `str`
        Names the teachers in the message.

    # Returns

    `numpy.ndarray` of shape (num_labels,), the student's tag of each label.

    # Raises

    `ConfigurationError` if the student lacks a label of the teachers; it lists what is missing on either side.
    """
    unused = sorted(set(tags) - set(labels))
    unknown = [label for label in labels if label not in tags]
    if unknown:
        raise ConfigurationError(
            f"the labels of {who} do not fit the student's.\n"
            f"  Labels that the student lacks: {', '.join(unknown)}\n"
            f"  Labels that the teachers lack: {', '.join(unused) or 'none'}\n"
            "Train both with one label set and one label_encoding, or add the missing labels to the student's "
            'vocabulary ("vocabulary": {"tokens_to_add": {"labels": [...]}}).'
        )
    if unused:
        logger.warning("%s lack labels of the student: %s", who, ", ".join(unused))
    return np.array([tags[label] for label in labels])
