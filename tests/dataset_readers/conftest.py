"""Fixtures of the readers' tests."""

from pathlib import Path
from typing import Dict

import pytest

from tests.dataset_readers.reading import write


@pytest.fixture
def two_files(tmp_path: Path) -> Dict[str, str]:
    """Files for a `SlashReader`, of five and four sentences of a word."""
    one = "".join(f"s{number}/A\n" for number in range(5))
    two = "".join(f"t{number}/B\n" for number in range(4))
    return {"en": write(tmp_path, one, "one"), "de": write(tmp_path, two, "two")}
