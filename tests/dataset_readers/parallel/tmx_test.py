"""Translation memories."""

import pytest

from skd_plugin.dataset_readers.parallel import Side
from skd_plugin.dataset_readers.parallel.tmx import read_tmx
from tests.dataset_readers.parallel.reading import fault, texts
from tests.dataset_readers.reading import write

# A table: one case a line, however long.
# ruff: noqa: E501

TMX = """<?xml version="1.0"?>
<tmx version="1.4"><header/><body>
<tu>
  <tuv xml:lang="en-US"><seg>A <bpt i="1">&lt;b></bpt>red<ept i="1">&lt;/b></ept> house</seg></tuv>
  <tuv xml:lang="de_AT"><seg>Ein
    rotes Haus</seg></tuv>
</tu>
<tu>
  <tuv xml:lang="EN"><seg>Yes</seg></tuv>
  <tuv lang="fr"><seg>Oui</seg></tuv>
</tu>
</body></tmx>
"""
TEXTS = [{"en": "A red house", "de": "Ein rotes Haus"}, {"en": "Yes", "fr": "Oui"}]


def test_units_without_codes_and_regions(tmp_path):
    path = write(tmp_path, TMX)
    rows = list(read_tmx(path))
    assert texts(rows) == TEXTS
    assert rows[1] == {"en": Side("Yes", path, 9), "fr": Side("Oui", path, 10)}


def test_codes_inside_codes(tmp_path):
    seg = "<seg>a <it><sub>x</sub><ph>y</ph>z</it>b <hi>c</hi></seg>"
    path = write(tmp_path, f'<tmx><tu><tuv lang="en">{seg}</tuv></tu></tmx>')
    assert texts(read_tmx(path)) == [{"en": "a b c"}]


def test_a_file_in_parts_and_another_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr("skd_plugin.dataset_readers.parallel.tmx._AT_ONCE", 7)
    assert texts(read_tmx(write(tmp_path, TMX.encode("utf-16")))) == TEXTS


def test_units_before_a_fault_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("skd_plugin.dataset_readers.parallel.tmx._AT_ONCE", 7)
    rows = read_tmx(write(tmp_path, TMX.replace("</body>", "")))
    assert texts([next(rows), next(rows)]) == TEXTS


# fmt: off
@pytest.mark.parametrize("content, message", [
    ("<tmx><tu></tmx>", ", line 1: found no XML: mismatched tag; expected TMX"),
    (TMX.replace("</body></tmx>\n", ""), ", line 12: found no XML: no element found; expected TMX"),
    ("en\tde\n", ", line 1: found no XML: syntax error; expected TMX"),
    ("<tmx>\n<tu><tuv><seg>a</seg></tuv></tu></tmx>", ", line 2: found <tuv> without a language; expected xml:lang"),
    ("<tmx>\n<tu>\n</tu></tmx>", ", line 3: found a <tu> without a <seg>; expected some"),
    (TMX.replace("de_AT", "en-GB"), ', line 5: found a second <tuv> of "en" in a unit; expected one a language'),
])
# fmt: on
def test_what_is_wrong_is_said(tmp_path, content, message):
    path = write(tmp_path, content)
    assert fault(read_tmx, path) == path + message
