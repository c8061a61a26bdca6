"""The weight of distillation over time."""

import re

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from skd_plugin.losses import DistillationSchedule, Progress


def schedule(**parameters):
    return DistillationSchedule.from_params(Params(parameters))


def weights(schedule, epochs):
    return [
        schedule.weight(Progress(epoch=epoch, batch=3, batches_per_epoch=4)) for epoch in epochs
    ]


def test_constant():
    assert weights(schedule(type="constant", weight=0.25), [0, 7, 500]) == [0.25] * 3
    assert weights(schedule(type="constant"), [0]) == [0.5]
    for weight in (0, 1):
        assert weights(schedule(type="constant", weight=weight), [3]) == [weight]


def test_linear_by_epoch():
    assert weights(schedule(type="linear_by_epoch"), [0, 1, 50, 99, 100, 300]) == pytest.approx(
        [1.0, 0.99, 0.5, 0.01, 0.0, 0.0]
    )
    assert weights(
        schedule(type="linear_by_epoch", rate=0.5), [0, 1, 100, 200, 201]
    ) == pytest.approx([1.0, 0.995, 0.5, 0.0, 0.0])
    assert weights(schedule(type="linear_by_epoch", rate=0), [0, 100]) == [1.0, 1.0]


def test_linear_by_epoch_needs_no_length():
    assert schedule(type="linear_by_epoch").weight(Progress(epoch=10)) == pytest.approx(0.9)


def test_linear_by_batch():
    by_batch = schedule(type="linear_by_batch", rate=10)
    found = [by_batch.weight(Progress(1, batch, 4)) for batch in range(4)]
    assert found == pytest.approx([0.9, 0.875, 0.85, 0.825])
    assert by_batch.weight(Progress(2, 0, 4)) == pytest.approx(0.8)
    assert by_batch.weight(Progress(10, 1, 4)) == 0.0


def test_linear_by_epoch_is_the_default():
    assert weights(schedule(rate=2.0), [10]) == pytest.approx([0.8])


def test_training_begins_with_the_teacher_alone():
    assert schedule(type="linear_by_epoch").weight(Progress()) == 1.0


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"type": "constant", "weight": 1.5}, "weight of a schedule: expected 0 to 1, got 1.5"),
        ({"type": "constant", "weight": -0.1}, "weight of a schedule: expected 0 to 1, got -0.1"),
        ({"type": "linear_by_epoch", "rate": -1}, "rate of a schedule: expected 0 or more, got -1"),
        ({"type": "linear_by_batch", "rate": -1}, "rate of a schedule: expected 0 or more, got -1"),
    ],
)
def test_refused(parameters, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        schedule(**parameters)


def test_linear_by_batch_needs_the_length_of_an_epoch():
    message = "schedule linear_by_batch: the data loader does not know its length; take linear_by_"
    with pytest.raises(ConfigurationError, match=message):
        schedule(type="linear_by_batch").weight(Progress(epoch=1, batch=2))
