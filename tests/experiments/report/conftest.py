"""One written report that tests of single sections read."""

from pathlib import Path

import pytest

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import many_methods, method, write_folder
from tests.experiments.report.pages import Page


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """24 methods, one failed, one not run, on three languages and three zero-shot, with three seeds."""
    folder = write_folder(
        tmp_path_factory.mktemp("report"),
        many_methods(24),
        languages=3,
        failed=["emission_text"],
        unfinished=["structural_text"],
    )
    write_report(folder)
    return Page(folder)


@pytest.fixture(scope="session")
def further(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Further teachers, better than all else, beside teachers, baseline and three students; one seed."""
    methods = many_methods(5)
    methods[1]["group"] = None  # the same as that of teachers
    methods.insert(1, method("teachers_big", None, ()))
    folder = write_folder(tmp_path_factory.mktemp("further"), methods, languages=3, seeds=[1])
    write_report(folder)
    return Page(folder)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder of three methods, two languages, one seed and no more."""
    return write_folder(
        tmp_path / "small", many_methods(3), 2, seeds=[1], zero_shot=False, examples=False
    )
