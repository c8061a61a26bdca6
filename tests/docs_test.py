"""The examples of the documentation are run, and its links lead somewhere."""

import doctest
import re

import pytest

from tests.runs import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples(page):
    failures, examples = doctest.testfile(str(page), module_relative=False)
    assert (
        failures == 0
        and examples >= {"structures.md": 20, "knowledge.md": 8, "experiments.md": 5}[page.name]
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    for target in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
