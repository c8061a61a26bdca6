"""`allennlp knowledge merge`: what several stores know, in one."""

import hashlib
import re

import pytest

from skd_plugin.knowledge import Knowledge, merging
from skd_plugin.knowledge.lmdb_store import LmdbKnowledgeStore
from tests.commands.stores import content, damage, knowledge, opened, paths, posteriors


def fill(path, sentences, source="abc", labels=("O", "X")):
    store = opened(path)
    store.add_source(source, list(labels), f"en: {source}")
    for key, known in sentences:
        store.write(source, {key: known})
    store.close()
    return path


def joined(one, other):
    return Knowledge(one.paths, one.path_log_probs, one.num_paths_asked, other.log_posteriors)


def rows(printed):
    """The numbers of the summary, a row a store."""
    found = re.findall(r"^(\S+) +(\d+) +(\d+) +(\d+) +(\d+)$", printed, re.MULTILINE)
    return [tuple(map(int, numbers)) for _, *numbers in found]


def test_overlapping_stores_of_different_fields(tmp_path, capsys):
    one = fill(tmp_path / "one", [("a", posteriors(-1)), ("b", paths(-1, 3)), ("c", paths(-1, 5))])
    two = fill(
        tmp_path / "two",
        [("a", paths(-1, 2)), ("b", paths(-1, 4)), ("c", paths(-1, 2)), ("d", posteriors(-4))],
    )
    other = fill(tmp_path / "other", [("a", posteriors(-7))], source="def", labels=["O"])
    expected = fill(
        tmp_path / "expected",
        [
            ("a", joined(paths(-1, 2), posteriors(-1))),
            ("b", paths(-1, 4)),
            ("c", paths(-1, 5)),
            ("d", posteriors(-4)),
        ],
    )
    fill(expected, [("a", posteriors(-7))], source="def", labels=["O"])
    before = [(path / "data.mdb").read_bytes() for path in (one, two, other)]
    assert knowledge("merge", tmp_path / "into", one, two, other) == 0
    assert content(tmp_path / "into") == content(expected)
    assert rows(capsys.readouterr().out) == [(3, 3, 0, 0), (4, 3, 1, 0), (1, 1, 0, 0)]
    assert [(path / "data.mdb").read_bytes() for path in (one, two, other)] == before
    store = opened(tmp_path / "into")
    assert [tuple(source) for source in store.sources().values()] == [
        (0, ["O", "X"], "en: abc"),
        (1, ["O"], "en: def"),
    ]
    store.close()


def test_into_a_store_that_has_something(tmp_path, capsys):
    into = fill(tmp_path / "into", [("a", posteriors(-1)), ("b", posteriors(-2))])
    one = fill(tmp_path / "one", [("a", posteriors(-9)), ("c", posteriors(-3))])
    assert knowledge("merge", into, one) == 0
    assert rows(capsys.readouterr().out) == [(2, 1, 1, 0)]
    # What was there is not written again, nor changed.
    expected = [("a", posteriors(-1)), ("b", posteriors(-2)), ("c", posteriors(-3))]
    assert content(into) == content(fill(tmp_path / "expected", expected))
    size = (into / "data.mdb").stat().st_size
    assert knowledge("merge", into, one) == 0
    assert rows(capsys.readouterr().out) == [(2, 0, 2, 0)]
    assert (into / "data.mdb").stat().st_size == size


def test_only_what_is_new_is_copied(tmp_path):
    into = fill(tmp_path / "into", [("a", posteriors(-1))])
    one = fill(tmp_path / "one", [("a", joined(paths(-1, 2), posteriors(-9)))])
    assert knowledge("merge", into, one) == 0
    expected = [("a", joined(paths(-1, 2), posteriors(-1)))]
    assert content(into) == content(fill(tmp_path / "expected", expected))


def test_compacts(tmp_path, capsys):
    sentences = [(f"{number}", posteriors(-number)) for number in range(50)]
    old = fill(tmp_path / "old", [*sentences, *sentences, *sentences])
    assert knowledge("merge", tmp_path / "new", old) == 0
    assert content(tmp_path / "new") == content(old)
    assert (tmp_path / "new" / "data.mdb").stat().st_size < (old / "data.mdb").stat().st_size / 2
    capsys.readouterr()
    assert knowledge("info", tmp_path / "new") == 0
    assert "\n0 B are superseded" in capsys.readouterr().out


def test_large_blocks_in_bounded_memory(tmp_path, monkeypatch):
    """Blocks are written as soon as they are full, and not before."""
    monkeypatch.setattr(merging, "BYTES_IN_BLOCK", 4000)
    monkeypatch.setattr(merging, "SENTENCES_AT_ONCE", 10)
    sentences = [(f"{number}", posteriors(-1, num_tokens=25)) for number in range(300)]
    one = fill(tmp_path / "one", sentences)
    sizes = []
    write = LmdbKnowledgeStore.write_by_digest

    def spy(self, source, known):
        sizes.append(len(known))
        write(self, source, known)

    monkeypatch.setattr(LmdbKnowledgeStore, "write_by_digest", spy)
    assert knowledge("merge", tmp_path / "into", one) == 0
    # A sentence has 100 bytes.
    assert sizes == [40] * 7 + [20]
    assert content(tmp_path / "into") == content(one)


def test_damaged_records_are_left_out_and_named(tmp_path, capsys):
    one = fill(tmp_path / "one", [(f"{number}", posteriors(-number)) for number in range(9)])
    two = fill(tmp_path / "two", [("x", posteriors(-1)), ("y", posteriors(-1))])
    hit = damage(one, 7)
    (other,) = damage(two)
    whole = {key: value for key, value in {**content(one), **content(two)}.items() if value}
    assert len(whole) == 3
    assert knowledge("merge", tmp_path / "into", one, two) == 1
    assert content(tmp_path / "into") == whole
    printed = capsys.readouterr().out
    assert rows(printed) == [(9, 2, 0, 7), (2, 1, 0, 1)]
    named = [f"  {source} {digest.hex()}\n" for source, digest in hit]
    assert printed.endswith(
        f"{one}: 7 sentences damaged and left out; the next run that needs them computes them anew. By source and "
        "digest of the key:\n" + "".join(named[:5]) + "  and 2 more\n"
        f"{two}: 1 sentence damaged and left out; the next run that needs them computes them anew. By source and "
        f"digest of the key:\n  {other[0]} {other[1].hex()}\n"
    )


def test_forgotten_sentences_are_none(tmp_path, capsys):
    one = fill(tmp_path / "one", [(f"{number}", posteriors(-number)) for number in range(3)])
    (hit,) = damage(one)
    store = opened(one)
    store.forget(hit[0], [hit[1]])
    store.close()
    assert knowledge("merge", tmp_path / "into", one) == 0
    assert rows(capsys.readouterr().out) == [(2, 2, 0, 0)]
    assert content(tmp_path / "into") == content(one)


def test_a_whole_copy_replaces_what_is_damaged(tmp_path):
    sentences = [(f"{number}", posteriors(-number)) for number in range(3)]
    one, two = fill(tmp_path / "one", sentences), fill(tmp_path / "two", sentences)
    damage(one)
    assert knowledge("merge", tmp_path / "into", one, two) == 1
    assert content(tmp_path / "into") == content(two)


def error(capsys):
    return capsys.readouterr().err.splitlines()[-1]


def test_other_labels(tmp_path, capsys):
    one = fill(tmp_path / "one", [("a", posteriors(-1))], source="def")
    two = fill(tmp_path / "two", [("b", posteriors(-1))], labels=["X", "O"])
    into = fill(tmp_path / "into", [("c", posteriors(-1))])
    before = content(into)
    assert knowledge("merge", into, one, two) == 2
    assert error(capsys) == (
        f"allennlp knowledge merge: error: {into} and {two} have different labels of the source abc (en: abc): O, X; "
        "and X, O. Nothing was merged: one of them was filled by a teacher that has changed and kept its fingerprint"
    )
    assert content(into) == before


def test_other_labels_of_two_that_are_merged(tmp_path, capsys):
    one = fill(tmp_path / "one", [("a", posteriors(-1))])
    two = fill(tmp_path / "two", [("b", posteriors(-1))], labels=["X", "O"])
    assert knowledge("merge", tmp_path / "into", one, two) == 2
    assert "have different labels of the source abc (en: abc): O, X; and X, O." in error(capsys)
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize("names", [["one"], ["two", "two/../two"]])
def test_given_twice(tmp_path, capsys, names):
    fill(tmp_path / "one", [("a", posteriors(-1))])
    fill(tmp_path / "two", [("a", posteriors(-1))])
    paths = [tmp_path / "one", *(tmp_path / name for name in names)]
    assert knowledge("merge", *paths) == 2
    assert error(capsys) == (
        f"allennlp knowledge merge: error: {paths[-1]}: given twice; a store is merged into another"
    )


def test_nothing_there(tmp_path, capsys):
    assert knowledge("merge", tmp_path / "into", tmp_path / "no") == 2
    assert error(capsys) == (
        f"allennlp knowledge merge: error: {tmp_path}/no: found no knowledge store (no such folder)"
    )
    assert not (tmp_path / "into").exists()


def test_digests_are_those_of_keys(tmp_path):
    """A merged store is read by the keys of the sentences."""
    one = fill(tmp_path / "one", [("a", posteriors(-1))])
    assert knowledge("merge", tmp_path / "into", one) == 0
    assert list(content(tmp_path / "into")) == [
        ("abc", hashlib.blake2b(b"a", digest_size=12).digest())
    ]
