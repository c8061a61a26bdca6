"""The store on disk: kept between runs, in its place, and read field by field."""

import numpy as np
import pytest

from skd_plugin.knowledge import Knowledge, LmdbKnowledgeStore, records
from skd_plugin.knowledge.lmdb_store import Source
from tests.knowledge.stores import (
    ALL,
    LABELS,
    TRANSITIONS,
    alone,
    assert_holds,
    bits,
    only,
    opened,
    read,
    request,
    sentence,
    sentences,
)

POSTERIORS = request("posteriors")


def headers(store):
    """Of all blocks, in order."""
    with store._environment.begin() as transaction:
        blocks = [block for _, block in transaction.cursor(store.tables["blocks"])]
    return [records.read_header(block) for block in blocks]


def test_reopened(tmp_path, store):
    store.write("source", sentences("one", 1))
    store.close()
    again = LmdbKnowledgeStore()
    again.open(str(tmp_path))
    assert again.labels("source") == LABELS
    assert_holds(again, [sentences("one", 1)])
    again.close()


def write_one(folder):
    store = opened(folder)
    store.write("source", {"key": sentence(7)})
    store.close()


def test_reopened_by_another_process(tmp_path):
    assert alone(write_one, tmp_path).error is None
    store = opened(tmp_path)
    assert read(store, "key") == bits(sentence(7))
    store.close()


def test_place(tmp_path):
    in_run = opened(tmp_path / "run")
    elsewhere = opened(tmp_path / "run2", tmp_path / "shared" / "store")
    assert in_run.folder == str(tmp_path / "run" / "knowledge")
    assert elsewhere.folder == str(tmp_path / "shared" / "store")
    for store in (in_run, elsewhere):
        store.close()
    assert (tmp_path / "run" / "knowledge" / "data.mdb").exists()
    assert (tmp_path / "shared" / "store" / "data.mdb").exists()
    assert not (tmp_path / "run2").exists()


def test_closing_twice_and_use_after(store):
    store.close()
    store.close()
    with pytest.raises(RuntimeError, match="the knowledge store is not open"):
        store.read("source", ["key"], POSTERIORS)


def test_sources(store, tmp_path):
    store.add_source("other", ["名"], "en: two teachers")
    store.add_source("source", ["another label"], "too late")
    expected = {"source": Source(0, LABELS, ""), "other": Source(1, ["名"], "en: two teachers")}
    assert store.sources() == expected
    store.close()
    store.open(str(tmp_path))
    assert store.sources() == expected


def test_a_source_that_was_not_noted(store):
    with pytest.raises(ValueError, match="no labels were noted of the source other"):
        store.write("other", {"key": sentence(1)})


def test_a_write_is_one_block_of_one_form(store):
    store.write("source", {**sentences("one", 0), **sentences("one", 1)})
    assert len(headers(store)) == 1
    store.write(
        "source",
        {
            "paths": only(sentence(1), "paths", "path_log_probs"),
            "posteriors": only(sentence(2), "log_posteriors"),
            "more paths": only(sentence(3), "paths", "path_log_probs"),
            "nothing": Knowledge(),
        },
    )
    names = [header.names for header in headers(store)[1:]]
    assert names == [{"paths", "path_log_probs"}, {"log_posteriors"}, set()]
    assert_holds(store, [sentences("one", 0), sentences("one", 1)])


def test_transitions_are_stored_once_a_block_unless_they_differ(store):
    store.write("source", sentences("one", 0))
    other = Knowledge(transitions=TRANSITIONS + np.float16(1))
    store.write("source", {"a": other, "b": only(sentence(1), "transitions")})
    assert [set(header.common) for header in headers(store)] == [{"transitions"}, set()]
    asked = request("transitions")
    assert read(store, "a", asked) == bits(other)
    assert read(store, "b", asked) == bits(only(sentence(1), "transitions"))
    assert read(store, "one-0-3", asked) == bits(only(sentence(1), "transitions"))


def test_a_request_reads_its_fields_alone(store, unpacked):
    emissions = Knowledge(log_emissions=sentence(2).log_posteriors)
    store.write("source", {"key": sentence(1)})
    store.write("source", {"key": emissions})
    for asked, names in [
        (POSTERIORS, ["log_posteriors"]),
        (request("emissions"), ["log_emissions"]),
        (request("paths", num_paths=2), ["path_log_probs", "paths"]),
        (request("transitions"), []),
        (request("emissions", "posteriors"), ["log_emissions", "log_posteriors"]),
    ]:
        unpacked.clear()
        assert store.read("source", ["key"], asked) != [None]
        assert sorted(unpacked) == names
    unpacked.clear()
    assert store.missing("source", ["key"], ALL | request("expected_transitions"))
    assert not unpacked


def test_an_interrupted_write_leaves_nothing(store, monkeypatch):
    store.write("source", sentences("one", 0))
    with pytest.raises(AttributeError):
        store.write("source", {"good": sentence(1), "bad": None})
    original, noted = LmdbKnowledgeStore._note, []

    def interrupted(self, *arguments):
        noted.append(arguments)
        if len(noted) == 3:
            raise KeyboardInterrupt
        original(self, *arguments)

    monkeypatch.setattr(LmdbKnowledgeStore, "_note", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.write("source", sentences("one", 1))
    monkeypatch.undo()
    assert len(noted) == 3 and len(headers(store)) == 1
    assert len(store.missing("source", ["good", "bad", *sentences("one", 1)], ALL)) == 7
    assert_holds(store, [sentences("one", 0)])
    store.write("source", sentences("one", 1))
    assert_holds(store, [sentences("one", 0), sentences("one", 1)])
