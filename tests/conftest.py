"""Fixtures that all tests share."""

from tests.runs import student, teachers  # noqa: F401
