"""Parallel treebanks."""

import re
from typing import Dict, Iterator, Mapping, Tuple

from skd_plugin.dataset_readers.conllu_tagging import Block, blocks, words_of
from skd_plugin.dataset_readers.input_files import open_lines
from skd_plugin.dataset_readers.parallel.rows import Row, Side
from skd_plugin.dataset_readers.sentence import DataError

_COMMENT = re.compile(r"#\s*(sent_id|text)\s*=\s*(.*?)\s*")


def read_conllu(paths: Mapping[str, str]) -> Iterator[Row]:
    """
    Treebanks in CoNLL-U whose sentences have the same `sent_id`s, in any order; rows are in that of the first.

    # Raises

    `DataError` for a sentence without `sent_id`, and for one that another treebank lacks.
    """
    treebanks = {language: _by_id(path) for language, path in paths.items()}
    (first, of_first), *others = treebanks.items()
    for language, sentences in others:
        _check_ids(of_first, sentences, paths[language])
        _check_ids(sentences, of_first, paths[first])
    for sent_id in of_first:
        yield {language: sentences[sent_id] for language, sentences in treebanks.items()}


def _check_ids(sentences: Dict[str, Side], others: Dict[str, Side], path: str) -> None:
    for sent_id, side in sentences.items():
        if sent_id not in others:
            found = f'sent_id "{sent_id}"'
            raise DataError(side.path, side.line, found, f"one that {path} has too")


def _by_id(path: str) -> Dict[str, Side]:
    sentences: Dict[str, Side] = {}
    for block in blocks(open_lines(path)):
        sent_id, side = _side(path, block)
        if sent_id in sentences:
            found = f'sent_id "{sent_id}" again, after line {sentences[sent_id].line}'
            raise DataError(path, side.line, found, "each once")
        sentences[sent_id] = side
    return sentences


def _side(path: str, block: Block) -> Tuple[str, Side]:
    _, tokens = words_of(path, block)
    words = [token["form"] for token in tokens]
    comments = {}
    for _, line in block:
        match = _COMMENT.fullmatch(line)
        if match:
            comments[match[1]] = match[2]
    if not comments.get("sent_id"):
        raise DataError(path, block[0][0], "a sentence without sent_id", "# sent_id = ...")
    return comments["sent_id"], Side(
        comments.get("text") or " ".join(words), path, block[0][0], words
    )
