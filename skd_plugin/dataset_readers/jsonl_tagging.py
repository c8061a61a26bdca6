"""One JSON object a line."""

import json
from typing import Any, Iterator, List, Optional

from allennlp.data import DatasetReader

from skd_plugin.dataset_readers.sentence import DataError, Sentence
from skd_plugin.dataset_readers.tag_encodings import Span, known_encoding, spans_to_tags
from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader

LABELED_SPAN = '{"start": 0, "end": 2, "label": "PER"} or [0, 2, "PER"], with the end exclusive'


@DatasetReader.register("jsonl_tagging")
class JsonlTaggingReader(TaggingDatasetReader):
    """
    Reads lines such as `{"tokens": ["Ada", "Lovelace"], "spans": [[0, 2, "PER"]], "language": "en"}`.

    `tokens` are needed; `tags` (one a token) or `spans` (start, exclusive end and label, in tokens) label the
    sentence; with neither it is unlabelled. `language` is optional, other keys are the user's own.

    # Parameters

    label_encoding : `str`, optional (default = `"BIO"`)
        What spans are turned into; `tags` stay as they are.
    """

    def __init__(self, label_encoding: str = "BIO", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._label_encoding = known_encoding(label_encoding)

    def read_sentences(self, path: str) -> Iterator[Sentence]:
        empty_line = None
        for number, line in self.open_lines(path):
            if not line.strip():
                empty_line = empty_line or number
                continue
            if empty_line is not None:
                raise DataError(path, empty_line, "an empty line", "a JSON object a line")
            yield self._sentence(path, number, line)

    def _sentence(self, path: str, number: int, line: str) -> Sentence:
        try:
            item = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                path, number, f"no JSON ({error.msg} at column {error.colno})", "a JSON object"
            )
        if not isinstance(item, dict):
            raise DataError(path, number, _json(item), "a JSON object")
        tokens, language = item.get("tokens"), item.get("language")
        if not _are_strings(tokens) or not tokens:
            raise DataError(path, number, f"tokens {_json(tokens)}", "a list of words")
        if language is not None and (not isinstance(language, str) or not language):
            raise DataError(path, number, f"language {_json(language)}", "a string")
        tags, spans = item.get("tags"), item.get("spans")
        if tags is not None and spans is not None:
            raise DataError(path, number, "both tags and spans", "one of them")
        if spans is not None:
            tags = self._tags(path, number, spans, len(tokens))
        elif tags is not None:
            if not _are_strings(tags):
                raise DataError(path, number, f"tags {_json(tags)}", "a list of tags")
            if len(tags) != len(tokens):
                raise DataError(
                    path, number, f"{len(tokens)} tokens and {len(tags)} tags", "one tag a token"
                )
        return Sentence(tokens, tags, language)

    def _tags(self, path: str, number: int, spans: Any, num_tokens: int) -> List[str]:
        if not isinstance(spans, list):
            raise DataError(path, number, f"spans {_json(spans)}", f"a list of {LABELED_SPAN}")
        parsed = []
        for span in spans:
            one = _parse_span(span)
            if one is None:
                raise DataError(path, number, f"span {_json(span)}", LABELED_SPAN)
            parsed.append(one)
        try:
            return spans_to_tags(parsed, num_tokens, self._label_encoding)
        except ValueError as error:
            raise DataError(
                path,
                number,
                f"spans {_json(spans)}",
                f"disjoint spans inside the sentence: {error}",
            )


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(item and isinstance(item, str) for item in value)


def _json(value: Any) -> str:
    """As the file has it, but no longer than a message bears."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _parse_span(span: Any) -> Optional[Span]:
    if isinstance(span, dict):
        span = [span.get("start"), span.get("end"), span.get("label")]
    if not isinstance(span, list) or [type(value) for value in span] != [int, int, str]:
        return None
    start, end, label = span
    return (label, start, end - 1) if label else None
