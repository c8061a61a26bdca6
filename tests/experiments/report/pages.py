"""Reports read back."""

import base64
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple
from xml.etree.ElementTree import Element

import html5lib


class Page:
    """A report that has been written, which must be valid, and the files it was written from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.html = (folder / "report.html").read_text(encoding="utf-8")
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        self.tree: Element = parser.parse(self.html)

    def file(self, name: str) -> Any:
        """What an input file holds."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def scores(self) -> Dict[Tuple[str, str, str], Dict[str, Any]]:
        """By method, split and language."""
        rows = self.file("statistics.json")["scores"]
        return {(row["method"], row["split"], row["language"]): row for row in rows}

    def section(self, name: str) -> Element:
        """A section by its anchor."""
        found = self.tree.find(f".//section[@id='{name}']")
        assert found is not None, f"no section {name}"
        return found

    def section_names(self) -> List[str]:
        return [section.get("id", "") for section in self.tree.iter("section")]

    def tables(self, name: str) -> List[List[List[Element]]]:
        """The tables of a section: rows of cells, heads first; titles of groups are left out."""
        return [
            [list(row) for row in table.iter("tr") if len(list(row)) > 1]
            for table in self.section(name).iter("table")
        ]

    def pictures(self, name: str) -> List[Element]:
        return list(self.section(name).iter("img"))


def text(element: Element) -> str:
    """What is written in an element."""
    return " ".join("".join(element.itertext()).split())


def texts(rows: List[List[Element]]) -> List[List[str]]:
    return [[text(cell) for cell in row] for row in rows]


def drawing(picture: Element) -> str:
    """The SVG of an image."""
    start = "data:image/svg+xml;base64,"
    source = picture.get("src", "")
    assert source.startswith(start)
    return base64.b64decode(source[len(start) :]).decode("utf-8")
