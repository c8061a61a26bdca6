"""Stores that several tests open."""

import lmdb
import pytest

from skd_plugin.knowledge import records
from tests.knowledge.stores import opened


@pytest.fixture
def store(tmp_path):
    store = opened(tmp_path)
    yield store
    store.close()


@pytest.fixture
def unpacked(monkeypatch):
    """The names of the arrays that are unpacked, in order."""
    names = []
    original = records._unpack

    def spy(block, placed):
        names.append(placed.form.name)
        return original(block, placed)

    monkeypatch.setattr(records, "_unpack", spy)
    return names


@pytest.fixture
def small_map(monkeypatch):
    """Stores begin with a map of 64 KiB."""
    original = lmdb.open
    monkeypatch.setattr(
        lmdb, "open", lambda *args, **options: original(*args, **{**options, "map_size": 2**16})
    )
