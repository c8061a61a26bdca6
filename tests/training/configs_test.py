"""Phases and trainers of configs."""

from skd_plugin.training.configs import phases_of, trainers_of


def test_phases():
    phases = [{"name": "one"}, {"name": "two", "trainer": {"num_epochs": 2}}]
    config = {"trainer": {"type": "phases", "phases": phases}}
    assert phases_of(config) == phases
    assert trainers_of(config) == [{}, {"num_epochs": 2}]


def test_no_phases():
    assert phases_of({"trainer": {"type": "phases"}}) == phases_of({}) == []
    assert trainers_of({"trainer": {"num_epochs": 3}}) == [{"num_epochs": 3}]
    assert trainers_of({}) == [{}]
