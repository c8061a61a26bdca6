"""Fixtures that all tests share, and how tests are run."""

# ruff: noqa: F401 (fixtures)

import logging
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.runs import (
    loads,
    student,
    taught,
    teachers,
    three_layers,
    tiny_transformer,
)

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Warnings that this package raises are errors; other packages' are theirs."""
    config.addinivalue_line("filterwarnings", "error:::skd_plugin")


@pytest.fixture(autouse=True)
def only_logs_that_are_there() -> None:
    """AllenNLP's own `ModelTestCase` leaves the root logger a file that it has deleted."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.FileHandler) and not os.path.exists(handler.baseFilename):
            root.removeHandler(handler)
