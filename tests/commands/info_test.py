"""`allennlp knowledge info`: the numbers are counted by hand."""

import json
import re
import zlib

import numpy as np
import pytest

from skd_plugin.commands import stores
from skd_plugin.knowledge import Knowledge
from tests.commands.stores import damage, knowledge, opened, paths, posteriors

# A sentence of `both` has, of 2 tokens and 2 labels, posteriors in 2 * 2 * 2 bytes, 3 paths in 3 * 2 and their
# log-probabilities in 4 + 2 * 2 (what else is so short does not become shorter by compression); beside them a checksum
# of 4 bytes, and in 2 each the shapes (2, 2 and 1 numbers) and the packed sizes of the three.
RECORD = 4 + 2 * (2 + 2 + 1 + 3)


def both(value):
    log_posteriors = posteriors(value).log_posteriors
    one = paths(value, 3)
    return Knowledge(one.paths, one.path_log_probs, 3, log_posteriors)


@pytest.fixture
def path(tmp_path):
    """A store with 2 sentences of one source and 1 of another, of 3 tokens."""
    store = opened(tmp_path / "store")
    store.add_source("abc", ["O", "X"], "en: teachers/en")
    store.add_source("def", ["X"])
    store.write("abc", {"one": both(-1), "two": both(-2)})
    store.write("def", {"one": posteriors(-3, num_tokens=3)})
    store.close()
    return tmp_path / "store"


def info(path, tmp_path):
    assert knowledge("info", path, "--json", tmp_path / "info.json") == 0
    return json.loads((tmp_path / "info.json").read_text())


def blocks(path):
    """The sizes of the blocks of a store."""
    store = opened(path)
    with store._environment.begin(db=store.tables["blocks"]) as transaction:
        sizes = [len(block) for _, block in transaction.cursor()]
    store.close()
    return sizes


def field(name, num_paths, sentences, size, per_token):
    return {
        "field": name,
        "num_paths": num_paths,
        "sentences": sentences,
        "bytes": size,
        "bytes_per_token": per_token,
    }


def test_json(path, tmp_path):
    found = info(path, tmp_path)
    first, second = blocks(path)
    size = (path / "data.mdb").stat().st_size
    assert found == {
        "store": str(path),
        "schema_version": 2,
        "bytes": size,
        "superseded_bytes": 0,
        "index_and_free_bytes": size - first - second,
        "sources": [
            {
                "source": "abc",
                "description": "en: teachers/en",
                "labels": ["O", "X"],
                "sentences": 2,
                "damaged": 0,
                "tokens": 4,
                "fields": [
                    field("log_posteriors", None, 2, 16, 4.0),
                    field("path_log_probs", 3, 2, 16, 4.0),
                    field("paths", 3, 2, 12, 3.0),
                ],
                "overhead_bytes": first - 44,
                "bytes": first,
                "bytes_per_token": first / 4,
            },
            {
                "source": "def",
                "description": "",
                "labels": ["X"],
                "sentences": 1,
                "damaged": 0,
                "tokens": 3,
                "fields": [field("log_posteriors", None, 1, 12, 4.0)],
                "overhead_bytes": second - 12,
                "bytes": second,
                "bytes_per_token": second / 3,
            },
        ],
    }


def test_overhead_a_sentence(path, tmp_path):
    before = info(path, tmp_path)["sources"][0]["overhead_bytes"]
    store = opened(path)
    store.write("abc", {f"more {number}": both(-number) for number in range(2)})
    store.write("abc", {f"again {number}": both(-number) for number in range(5)})
    store.close()
    headers = before - 2 * RECORD
    assert info(path, tmp_path)["sources"][0]["overhead_bytes"] == 3 * headers + 9 * RECORD


def test_text(path, capsys):
    assert knowledge("info", path) == 0
    first, second = blocks(path)
    size = (path / "data.mdb").stat().st_size
    others = [f"{first - 44:,}", f"{first:,}"]
    assert capsys.readouterr().out == (
        f"{path}: {size / 1024:.1f} KiB, schema version 2\n"
        "0 B are superseded, damaged or forgotten (merging into a new store leaves them out); "
        f"{(size - first - second) / 1024:.1f} KiB are index and free space\n"
        "\n"
        "source abc: en: teachers/en\n"
        "  2 labels: O, X\n"
        "  2 sentences, 4 tokens\n"
        "  field                  sentences  bytes  bytes a token\n"
        "  log_posteriors                 2     16           4.00\n"
        "  path_log_probs (K 3)           2     16           4.00\n"
        "  paths (K 3)                    2     12           3.00\n"
        f"  headers and checksums             {others[0]:>5}  {(first - 44) / 4:>13.2f}\n"
        f"  all                            2  {others[1]:>5}  {first / 4:>13.2f}\n"
        "\n"
        "source def: no description\n"
        "  1 label: X\n"
        "  1 sentence, 3 tokens\n"
        "  field                  sentences  bytes  bytes a token\n"
        "  log_posteriors                 1     12           4.00\n"
        f"  headers and checksums             {second - 12:>5}  {(second - 12) / 3:>13.2f}\n"
        f"  all                            1  {second:>5}  {second / 3:>13.2f}\n"
    )


def test_superseded(path, tmp_path, capsys):
    store = opened(path)
    store.write("abc", {"one": paths(-1, 5)})
    store.close()
    found = info(path, tmp_path)
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15, 9)
    deflated = len(deflater.compress(bytes([0, 1] * 5)) + deflater.flush())
    assert deflated < 10
    # Its three paths and their log-probabilities; the record stays for the posteriors.
    assert found["superseded_bytes"] == 3 * 2 + (4 + 2 * 2)
    assert found["sources"][0]["fields"] == [
        field("log_posteriors", None, 2, 16, 4.0),
        field("path_log_probs", 3, 1, 8, 4.0),
        field("path_log_probs", 5, 1, 12, 6.0),
        field("paths", 3, 1, 6, 3.0),
        field("paths", 5, 1, deflated, deflated / 2),
    ]
    assert found["sources"][0]["tokens"] == 4
    assert knowledge("info", path) == 0
    assert "\n14 B are superseded, damaged" in capsys.readouterr().out


def test_superseded_blocks(path, tmp_path):
    store = opened(path)
    store.write("abc", {"one": both(-5), "two": both(-6)})
    store.close()
    assert info(path, tmp_path)["superseded_bytes"] == blocks(path)[0]


def test_shared_transitions_are_in_the_header(tmp_path):
    store = opened(tmp_path / "store")
    store.add_source("abc", ["O"])
    one = Knowledge(
        log_posteriors=posteriors(-1).log_posteriors, transitions=np.zeros((3, 1), np.float32)
    )
    store.write("abc", {"one": one, "two": one})
    store.close()
    (source,) = info(tmp_path / "store", tmp_path)["sources"]
    assert field("transitions", None, 2, 0, 0.0) in source["fields"]
    assert source["bytes"] == blocks(tmp_path / "store")[0]


def test_transitions_alone_have_no_tokens(tmp_path, capsys):
    store = opened(tmp_path / "store")
    store.add_source("abc", ["O"])
    store.write("abc", {"one": Knowledge(transitions=np.zeros((3, 1), np.float32))})
    store.close()
    found = info(tmp_path / "store", tmp_path)["sources"][0]
    assert found["tokens"] == 0 and found["bytes_per_token"] is None
    assert re.search(r"transitions +1 +0 +-\n", capsys.readouterr().out)


def test_damaged(path, tmp_path, capsys):
    damage(path)
    found = info(path, tmp_path)
    assert found["sources"][0]["damaged"] == found["sources"][0]["sentences"] == 1
    assert found["superseded_bytes"] == RECORD + 8 + 6 + 8
    assert "\n  1 sentence damaged: see `knowledge verify`\n" in capsys.readouterr().out


def test_forgotten(path, tmp_path):
    (hit,) = damage(path)
    store = opened(path)
    store.forget(hit[0], [hit[1]])
    store.close()
    found = info(path, tmp_path)
    assert (found["sources"][0]["sentences"], found["sources"][0]["damaged"]) == (1, 0)
    assert found["superseded_bytes"] == RECORD + 8 + 6 + 8


def test_many_sentences(tmp_path):
    store = opened(tmp_path / "store")
    store.add_source("abc", ["O", "X"])
    store.write("abc", {str(number): posteriors(-1) for number in range(600)})
    store.close()
    (source,) = info(tmp_path / "store", tmp_path)["sources"]
    assert (source["sentences"], source["tokens"]) == (600, 1200)
    assert source["bytes"] == blocks(tmp_path / "store")[0]


def test_empty(tmp_path, capsys):
    opened(tmp_path / "store").close()
    assert knowledge("info", tmp_path / "store") == 0
    assert capsys.readouterr().out.endswith("\nIt is empty.\n")


def test_progress_bar_of_large_stores(path, capsys, monkeypatch):
    assert knowledge("info", path) == 0
    assert "looking at sentences" not in capsys.readouterr().err
    monkeypatch.setattr(stores, "MANY", 3)
    assert knowledge("info", path) == 0
    assert "looking at sentences: 100%" in capsys.readouterr().err


def error(capsys):
    return capsys.readouterr().err.splitlines()[-1]


def test_no_store(path, tmp_path, capsys):
    prefix = "allennlp knowledge info: error: "
    assert knowledge("info", tmp_path / "no") == 2
    assert error(capsys) == f"{prefix}{tmp_path}/no: found no knowledge store (no such folder)"
    assert not (tmp_path / "no").exists()
    (tmp_path / "run").mkdir()
    assert knowledge("info", tmp_path / "run") == 2
    assert error(capsys) == f"{prefix}{tmp_path}/run: found no knowledge store (it has no data.mdb)"
    path.rename(tmp_path / "run" / "knowledge")
    assert knowledge("info", tmp_path / "run") == 2
    assert error(capsys) == (
        f"{prefix}{tmp_path}/run: found no knowledge store (it has no data.mdb); did you mean {tmp_path}/run/knowledge?"
    )


def test_json_that_cannot_be_written(path, tmp_path, capsys):
    target = tmp_path / "no" / "info.json"
    assert knowledge("info", path, "--json", target) == 2
    assert error(capsys) == (
        f"allennlp knowledge info: error: {target}: cannot be written: No such file or directory"
    )
