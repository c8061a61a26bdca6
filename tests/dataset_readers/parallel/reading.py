"""What the tests of formats of parallel text share."""

import re
from typing import Any, Callable, Dict, Iterable, Iterator, List

import pytest

from skd_plugin.dataset_readers import DataError
from skd_plugin.dataset_readers.parallel import Row


def texts(rows: Iterable[Row]) -> List[Dict[str, str]]:
    """Of all sides, by language."""
    return [{language: side.text for language, side in row.items()} for row in rows]


def fault(read: Callable[[Any], Iterator[Row]], source: Any) -> str:
    """The message that reading ends with."""
    with pytest.raises(DataError) as error:
        list(read(source))
    return str(error.value)


def treebank(**sentences: str) -> str:
    """CoNLL-U of sentences by id."""
    blocks = []
    for sent_id, text in sentences.items():
        lines = [f"# sent_id = {sent_id}", f"# text = {text}"]
        words = re.findall(r"\w+|\S", text)
        for number, word in enumerate(words, start=1):
            lines.append("\t".join([str(number), word, *"_" * 8]))
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
