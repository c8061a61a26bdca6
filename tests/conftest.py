"""Fixtures that all tests share, and how tests are run."""

import pytest
from hypothesis import HealthCheck, settings

from tests.runs import loads, student, taught, teachers, tiny_transformer  # noqa: F401

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
