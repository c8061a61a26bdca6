"""The store on disk grows."""

import numpy as np

from skd_plugin.knowledge import Knowledge
from skd_plugin.knowledge.lmdb_store import _digest
from tests.knowledge.stores import TRANSITIONS, assert_holds, opened, sentences


def test_the_map_grows(tmp_path, small_map, caplog):
    store = opened(tmp_path)
    batches = [sentences("one", number, size=200) for number in range(8)]
    with caplog.at_level("INFO"):
        for batch in batches:
            store.write("source", batch)
    assert store._environment.info()["map_size"] >= 2**19
    assert "Growing the map of the knowledge store to 1 MiB." in caplog.text
    assert_holds(store, batches)
    store.close()
    store = opened(tmp_path)
    assert_holds(store, batches)
    store.close()


def test_one_write_that_takes_many_maps(tmp_path, small_map):
    store = opened(tmp_path)
    store.write("source", sentences("one", 0, size=1000))
    assert store._environment.info()["map_size"] >= 4 * 2**16
    assert_holds(store, [sentences("one", 0, size=1000)])
    store.close()


def test_the_file_is_never_shorter_than_its_pages(tmp_path, small_map):
    """Else a whole store would look truncated; deleting from the index made it so."""
    store, random = opened(tmp_path), np.random.RandomState(5)
    keys = []
    for number in range(30):
        batch = sentences("one", number, size=int(random.choice([1, 30, 200])))
        keys += batch
        store.write("source", batch)
        some = random.choice(keys, random.randint(len(keys)), replace=False)
        if number % 2:
            store.forget("source", [_digest(key) for key in some])
        else:
            emissions = Knowledge(log_emissions=TRANSITIONS)
            store.write("source", {key: emissions for key in some})
        pages = store._environment.info()["last_pgno"] + 1
        size = (tmp_path / "knowledge" / "data.mdb").stat().st_size
        assert size >= pages * store._environment.stat()["psize"]
    store.close()
