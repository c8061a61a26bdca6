"""Translation memories."""

from typing import Any, Iterator, List, Optional
from xml.parsers import expat

from skd_plugin.dataset_readers.input_files import open_bytes
from skd_plugin.dataset_readers.parallel.rows import Row, Side
from skd_plugin.dataset_readers.sentence import DataError

# Of these elements inside a segment, the content is a layout code and no text.
_CODES = frozenset(["bpt", "ept", "it", "ph", "ut"])
_AT_ONCE = 2**20  # bytes


def read_tmx(path: str) -> Iterator[Row]:
    """
    The translation units of a TMX file, which is never held as a whole; `de-AT` is taken as `de`.

    # Raises

    `DataError` for what is no XML, a variant without a language, and two of one language in a unit.
    """
    units = _Units(path)
    with open_bytes(path) as file:
        while True:
            content = file.read(_AT_ONCE)
            yield from units.parse(content)
            if not content:
                return


class _Units:
    """What the parser has seen of a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._whole: List[Row] = []
        self._row: Row = {}
        self._language = ""
        self._line = 0
        self._text: Optional[List[str]] = None  # of the segment that is open
        self._num_codes = 0  # that are open

    def parse(self, content: bytes) -> List[Row]:
        """The units that end in a part of the file; the last part is empty."""
        self._whole = []
        try:
            self._parser.Parse(content, not content)
        except expat.ExpatError as error:
            found = f"no XML: {expat.errors.messages[error.code]}"
            raise DataError(self._path, error.lineno, found, "TMX")
        return self._whole

    def _start(self, name: str, attributes: Any) -> None:
        if name == "tu":
            self._row = {}
        elif name == "tuv":
            self._line = self._parser.CurrentLineNumber
            language = attributes.get("xml:lang") or attributes.get("lang") or ""
            self._language = language.replace("_", "-").partition("-")[0].lower()
            if not self._language:
                raise DataError(self._path, self._line, "<tuv> without a language", "xml:lang")
            if self._language in self._row:
                found = f'a second <tuv> of "{self._language}" in a unit'
                raise DataError(self._path, self._line, found, "one a language")
        elif name == "seg":
            self._text, self._num_codes = [], 0
        elif name in _CODES:
            self._num_codes += 1

    def _end(self, name: str) -> None:
        if name == "tu":
            if not self._row:
                line = self._parser.CurrentLineNumber
                raise DataError(self._path, line, "a <tu> without a <seg>", "some")
            self._whole.append(self._row)
        elif name == "seg" and self._text is not None:
            text = " ".join("".join(self._text).split())
            self._row[self._language] = Side(text, self._path, self._line)
            self._text = None
        elif name in _CODES:
            self._num_codes -= 1

    def _data(self, text: str) -> None:
        if self._text is not None and not self._num_codes:
            self._text.append(text)
