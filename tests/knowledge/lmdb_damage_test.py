"""A damaged store: one clear message for each way to be so, and never wrong knowledge."""

import os

import lmdb
import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.knowledge.lmdb_database import SCHEMA_VERSION
from skd_plugin.knowledge.lmdb_store import _digest, index_key
from tests.knowledge.stores import ALL, alone, assert_holds, bits, opened, request, sentences

ANEW = "Copy it again from where it is whole, or delete the folder to compute the knowledge anew"
BATCHES = [sentences("one", number) for number in range(8)]


@pytest.fixture
def path(tmp_path):
    """The folder of a closed store of a few blocks."""
    store = opened(tmp_path, tmp_path / "store")
    for batch in BATCHES:
        store.write("source", batch)
    store.close()
    return tmp_path / "store"


def damaged(path, found="a damaged record"):
    return (
        f"{path}: the knowledge store is damaged ({found}). `python -m skd_plugin knowledge verify {path} "
        "--repair` forgets what is damaged, so that the next run computes it anew; if that fails, delete the folder"
    )


def message_of(function, *arguments):
    with pytest.raises(ConfigurationError) as raised:
        function(*arguments)
    return raised.value.message


def message_of_opening(path):
    return message_of(LmdbKnowledgeStore(path).open, "")


def flip(path, content, flip=1):
    """Flips a byte in the middle of some content, wherever in the file that is; pages may have older copies."""
    data = (path / "data.mdb").read_bytes()
    assert content in data
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= flip
    (path / "data.mdb").write_bytes(data.replace(content, flipped))


def change(path, table, change_all):
    """Changes the content of a table in a transaction."""
    environment = lmdb.open(str(path), max_dbs=3)
    database = environment.open_db(table, create=False) if table else None
    with environment.begin(write=True, db=database) as transaction:
        change_all(transaction)
    environment.close()


def opened_again(path):
    store = LmdbKnowledgeStore(path)
    store.open("")
    return store


def test_a_flipped_byte_in_a_record(path):
    knowledge = BATCHES[3]["one-3-2"]
    flip(path, knowledge.log_posteriors.tobytes()[::2])  # the lower bytes, which lie together
    store = opened_again(path)
    for asked in (ALL, request("posteriors"), request("transitions")):
        assert message_of(store.read, "source", ["one-3-2"], asked) == damaged(path)
    # Of the others all is there.
    others = {key: one for batch in BATCHES for key, one in batch.items() if key != "one-3-2"}
    assert_holds(store, [others])
    found = {one.digest: bits(one.knowledge) for one in store.scan()}
    assert found.pop(_digest("one-3-2")) is None
    assert found == {_digest(key): bits(one) for key, one in others.items()}
    # The way to repair it.
    store.forget("source", [one.digest for one in store.scan() if one.knowledge is None])
    assert list(store.missing("source", [*BATCHES[3], "one-0-0"], ALL)) == ["one-3-2"]
    store.write("source", {"one-3-2": knowledge})
    assert_holds(store, BATCHES)
    store.close()


def test_a_flipped_byte_in_a_header(path):
    def rename(transaction):
        block = transaction.get(b"\0\0\0\3").replace(b"log_posteriors", b"log_posteriorz")
        assert transaction.put(b"\0\0\0\3", block)

    change(path, b"blocks", rename)
    store = opened_again(path)
    asked = ["one-3-0"], ALL
    assert message_of(store.read, "source", *asked) == damaged(path)
    assert message_of(store.missing, "source", *asked) == damaged(path)
    assert sum(one.knowledge is None for one in store.scan()) == 5
    store.forget("source", [one.digest for one in store.scan() if one.knowledge is None])
    assert len(store.missing("source", list(BATCHES[3]), ALL)) == 5
    store.close()


def test_flipped_labels(path):
    flip(path, b'"B-LOC"')
    store = opened_again(path)
    for function in (lambda: store.labels("source"), lambda: list(store.scan())):
        assert message_of(function) == damaged(path)
    store.close()


@pytest.mark.parametrize(
    "value",
    [
        b"\3\0\0\0",
        b"\3\0\0\0\0\0\0\0\3",
        b"\3\0\0\0\0\0\0\0",
        b"\1\0\0\0\xff\xff\xff\xff",
        b"\x99\0\0\0\0\0\0\0",
    ],
    ids=["short", "long", "header", "beyond", "no such block"],
)
def test_a_damaged_index(path, value):
    key = index_key(0, _digest("one-3-2"))
    change(path, b"index", lambda transaction: transaction.put(key, value))
    store = opened_again(path)
    assert message_of(store.read, "source", ["one-3-2"], ALL) == damaged(path)
    assert [one.digest for one in store.scan() if one.knowledge is None] == [_digest("one-3-2")]
    store.close()


def test_an_index_that_points_to_another_sentence(path):
    def exchange(transaction):
        keys = [index_key(0, _digest(key)) for key in ("one-3-2", "one-3-3")]
        values = [transaction.get(key) for key in reversed(keys)]
        for key, value in zip(keys, values):
            assert transaction.put(key, value)

    change(path, b"index", exchange)
    store = opened_again(path)
    for key in ("one-3-2", "one-3-3"):
        assert message_of(store.read, "source", [key], ALL) == damaged(path)
    store.close()


def test_a_sentence_of_no_source(path):
    change(path, b"index", lambda transaction: transaction.put(b"\0\0\0\7" + bytes(16), b"\0" * 8))
    store = opened_again(path)
    assert message_of(lambda: list(store.scan())) == damaged(path)
    store.close()


@pytest.mark.parametrize("table", ["sources", "blocks", "index"])
def test_a_table_that_is_lost(path, table):
    environment = lmdb.open(str(path), max_dbs=3)
    database = environment.open_db(table.encode(), create=False)
    with environment.begin(write=True) as transaction:
        transaction.drop(database)
    environment.close()
    found = "mdb_dbi_open: MDB_NOTFOUND: No matching key/data pair found"
    assert message_of_opening(path) == damaged(path, found)


@pytest.mark.parametrize("pages", [2, 3, "half", "all but one"])
def test_a_truncated_file(path, pages):
    size = os.path.getsize(path / "data.mdb")
    kept = {"half": size // 2 + 1, "all but one": size - 4096}.get(pages) or pages * 4096
    os.truncate(path / "data.mdb", kept)
    assert message_of_opening(path) == (
        f"{path}: the knowledge store is truncated: {kept} bytes of {size}. {ANEW}"
    )


def test_a_file_truncated_to_nothing_is_a_new_store(path):
    """A store that was killed while it was made looks the same."""
    os.truncate(path / "data.mdb", 0)
    store = opened("", path)
    assert list(store.scan()) == []
    store.write("source", BATCHES[0])
    assert_holds(store, BATCHES[:1])
    store.close()


@pytest.mark.parametrize(
    "content",
    [b"x", b"a text\n" * 1000, bytes(range(256)) * 64, bytes(3 * 4096), None],
    ids=["a byte", "text", "bytes", "zeros", "one page"],
)
def test_a_file_that_is_no_database(path, content):
    (path / "data.mdb").write_bytes(content or (path / "data.mdb").read_bytes()[:4096])
    assert message_of_opening(path) == (
        f"{path}: the knowledge store cannot be opened: {path}: MDB_INVALID: File is not an LMDB file. {ANEW}"
    )


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("text")
    assert message_of_opening(tmp_path / "file") == (
        f"{tmp_path / 'file'}: expected the folder of a knowledge store, found a file"
    )
    message = message_of_opening(tmp_path / "file" / "store")
    assert message.startswith(
        f"{tmp_path / 'file' / 'store'}: the knowledge store cannot be opened: "
    )
    assert "Not a directory" in message


@pytest.mark.parametrize("named", [False, True])
def test_the_database_of_another_program(tmp_path, named):
    path = tmp_path / "store"
    environment = lmdb.open(str(path), max_dbs=2)
    with environment.begin(write=True) as transaction:
        if named:
            environment.open_db(b"index", txn=transaction)
        else:
            transaction.put(b"key", b"value")
    environment.close()
    before = (path / "data.mdb").read_bytes()
    assert message_of_opening(path) == (
        f"{path}: this is no knowledge store: the database in it is another program's, or damaged. Point the store "
        "elsewhere"
    )
    assert (path / "data.mdb").read_bytes() == before


@pytest.mark.parametrize(
    "version, advice", [(b"1", "Point"), (b"3", "Upgrade skd_plugin, or point"), (b"\xff", "Point")]
)
def test_another_schema_version(path, version, advice):
    def put(transaction):
        assert transaction.get(b"schema_version") == str(SCHEMA_VERSION).encode()
        transaction.put(b"schema_version", version)

    change(path, None, put)
    found = version.decode(errors="replace")
    assert message_of_opening(path) == (
        f"{path}: this knowledge store has schema version {found}; expected {SCHEMA_VERSION}. {advice} the store "
        "elsewhere, or delete the folder to compute the knowledge anew"
    )
    # The refused store is closed again: it can be opened and looked at.
    lmdb.open(str(path)).close()


def read_all(path):
    """What is served of each sentence; `None` where there is an error or nothing."""
    store, served = opened_again(path), {}
    for batch in BATCHES:
        for key in batch:
            try:
                served[key] = bits(store.read("source", [key], ALL)[0])
            except ConfigurationError:
                served[key] = None
    return served


@pytest.mark.parametrize("seed", range(20))
def test_wrong_knowledge_is_never_served(path, seed):
    """Whichever byte of the database is flipped; a few of its own tables end the process, which serves nothing."""
    size = os.path.getsize(path / "data.mdb")
    data = bytearray((path / "data.mdb").read_bytes())
    data[(seed * 2 + 1) * size // 40] ^= 1 << seed % 8
    (path / "data.mdb").write_bytes(data)
    outcome = alone(read_all, path)
    assert outcome.error in (None, "ConfigurationError")
    expected = {key: bits(one) for batch in BATCHES for key, one in batch.items()}
    for key, found in (outcome.returned or {}).items():
        assert found in (None, expected[key])
