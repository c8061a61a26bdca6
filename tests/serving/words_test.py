"""Arrays of words, beside the tensors of instances."""

import numpy as np
import pytest
from allennlp.data import Batch

from tests.serving.students import sentences


@pytest.mark.parametrize("kind", ["crf", "characters", "word pieces"])
def test_arrays_are_the_tensors_of_instances(kind, archive_of, tagger_of):
    archive, some = archive_of(kind), [*sentences()[::60], ["…", "Zürich"], ["x"]]
    reader = archive.validation_dataset_reader
    for words in (some, some[-1:]):
        instances = [reader.text_to_instance(one) for one in words]
        for instance in instances:
            reader.apply_token_indexers(instance)
        batch = Batch(instances)
        batch.index_instances(archive.model.vocab)
        found = tagger_of(kind).prepare(words)
        tensors = batch.as_tensor_dict()["tokens"]
        assert set(found) == set(tensors)
        for name, array in found.items():
            (expected,) = tensors[name].values()
            np.testing.assert_array_equal(array, expected.numpy())
