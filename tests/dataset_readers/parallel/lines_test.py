"""Files of which the lines belong together."""

import gzip

from skd_plugin.dataset_readers.parallel import Side
from skd_plugin.dataset_readers.parallel.lines import read_lines
from tests.dataset_readers.parallel.reading import fault
from tests.dataset_readers.reading import write


def test_lines_of_the_same_number_belong_together(tmp_path):
    paths = {
        "en": write(tmp_path, gzip.compress(b"One.\n\nThree."), "en.gz"),
        "de": write(tmp_path, "Eins.\nZwei.\nDrei.\n", "de"),
    }
    rows = list(read_lines(paths))
    assert [row["en"].text for row in rows] == ["One.", "", "Three."]
    assert rows[2] == {"en": Side("Three.", paths["en"], 3), "de": Side("Drei.", paths["de"], 3)}


def test_files_of_unequal_length(tmp_path):
    paths = {"en": write(tmp_path, "a\nb\nc\n", "en"), "de": write(tmp_path, "a\nb\n", "de")}
    expected = (
        f"{paths['de']}: found the end of the file after 2 lines; expected more, as {paths['en']} "
        "has"
    )
    for some in (paths, dict(reversed(list(paths.items())))):
        assert fault(read_lines, some) == expected


def test_the_one_of_three_that_ends_first_is_named(tmp_path):
    paths = {name: write(tmp_path, "a\n" * len(name), name) for name in ("xxx", "x", "xx")}
    assert fault(read_lines, paths) == (
        f"{paths['x']}: found the end of the file after 1 lines; expected more, as {paths['xxx']} "
        "has"
    )
