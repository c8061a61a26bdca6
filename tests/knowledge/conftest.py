"""Stores that several tests open."""

import lmdb
import pytest

from tests.knowledge.stores import opened


@pytest.fixture
def store(tmp_path):
    store = opened(tmp_path)
    yield store
    store.close()


@pytest.fixture
def small_map(monkeypatch):
    """Stores begin with a map of 64 KiB."""
    original = lmdb.open
    monkeypatch.setattr(
        lmdb, "open", lambda *args, **options: original(*args, **{**options, "map_size": 2**16})
    )
