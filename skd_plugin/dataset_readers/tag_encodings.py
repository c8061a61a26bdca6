"""
Tags of spans: BIO (IOB2), IOB1, BIOUL (BIOES, BILOU) and BMES.

Every encoding marks a token by where it stands in a span: at its beginning, inside, at its end, or as its only token.
All are read through these four positions, so one table serves parsing, writing and conversion.
"""

from typing import Dict, List, Sequence, Tuple

from allennlp.common.checks import ConfigurationError

Span = Tuple[str, int, int]
"""Label, first token, last token (inclusive)."""

SYNONYMS = {"IOB2": "BIO", "BIOES": "BIOUL", "BILOU": "BIOUL", "IOBES": "BIOUL"}
READ_AS = {
    "BIO": {"B": "B", "I": "I"},
    "IOB1": {"B": "B", "I": "I"},
    "BIOUL": {"B": "B", "I": "I", "L": "L", "E": "L", "U": "U", "S": "U"},
    "BMES": {"B": "B", "M": "I", "E": "L", "S": "U"},
}
WRITE_AS: Dict[str, Dict[str, str]] = {
    "BIO": {"B": "B", "I": "I", "L": "I", "U": "B"},
    "IOB1": {"B": "I", "I": "I", "L": "I", "U": "I"},
    "BIOUL": {"B": "B", "I": "I", "L": "L", "U": "U"},
    "BMES": {"B": "B", "I": "M", "L": "E", "U": "S"},
}


class TagError(ValueError):
    """Impossible tags; `position` is the token at fault."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


def known_encoding(name: str) -> str:
    """AllenNLP's name of an encoding; `ConfigurationError` for an unknown one."""
    encoding = SYNONYMS.get(name.upper(), name.upper())
    if encoding not in READ_AS:
        names = ", ".join([*READ_AS, *SYNONYMS])
        raise ConfigurationError(f'unknown encoding of tags "{name}"; expected one of {names}')
    return encoding


def tags_to_spans(tags: Sequence[str], encoding: str, strict: bool = True) -> List[Span]:
    """
    The spans of a sentence, in order.

    # Parameters

    tags : `Sequence[str]`
        "O", or a prefix of the encoding, a hyphen and a label.
    encoding : `str`
    strict : `bool`, optional (default = `True`)
        If false, what cannot continue a span begins one, as in conlleval, and an unknown prefix counts as "O": for
        tags that a model predicted.

    # Raises

    `TagError`, a `ValueError`, if strict and the tags are impossible; it says where and why.
    """
    encoding = known_encoding(encoding)
    closes = encoding in ("BIOUL", "BMES")
    spans: List[Span] = []
    label, start = "", -1  # of the open span, if start >= 0
    for position, tag in enumerate([*tags, "O"]):
        place, new_label = _parse(tag, encoding, position, strict)
        continues = start >= 0 and place in ("I", "L") and new_label == label
        if start >= 0 and not continues:
            if strict and closes:
                raise _impossible(tags, position, f"the span of {label} is still open")
            spans.append((label, start, position - 1))
            start = -1
        if not continues and place != "O":
            if strict and place in ("I", "L") and encoding != "IOB1":
                raise _impossible(tags, position, f"no span of {new_label} is open")
            label, start = new_label, position
        if start >= 0 and place in ("L", "U"):
            spans.append((label, start, position))
            start = -1
    return spans


def spans_to_tags(spans: Sequence[Span], num_tokens: int, encoding: str) -> List[str]:
    """
    The tags of a sentence.

    # Raises

    `ValueError` if spans overlap, are empty or leave the sentence.
    """
    encoding = known_encoding(encoding)
    write_as = WRITE_AS[encoding]
    tags = ["O"] * num_tokens
    for label, start, end in sorted(spans, key=lambda span: span[1]):
        if not 0 <= start <= end < num_tokens:
            raise ValueError(
                f"the span of tokens {start} to {end} does not lie in {num_tokens} tokens"
            )
        if any(tag != "O" for tag in tags[start : end + 1]):
            raise ValueError(f"the span of tokens {start} to {end} overlaps another one")
        touches = start > 0 and tags[start - 1] != "O" and tags[start - 1][2:] == label
        tags[start] = f"{write_as['U' if start == end else 'B']}-{label}"
        if encoding == "IOB1" and touches:
            tags[start] = f"B-{label}"
        for position in range(start + 1, end + 1):
            tags[position] = f"{write_as['L' if position == end else 'I']}-{label}"
    return tags


def convert_tags(tags: Sequence[str], source: str, target: str) -> List[str]:
    """The same spans in another encoding; `ValueError` for impossible tags."""
    return spans_to_tags(tags_to_spans(tags, source), len(tags), target)


def _parse(tag: str, encoding: str, position: int, strict: bool) -> Tuple[str, str]:
    """Place (O, B, I, L or U) and label."""
    if tag == "O":
        return "O", ""
    prefix, _, label = tag.partition("-")
    place = READ_AS[encoding].get(prefix)
    if place is not None and label:
        return place, label
    if strict:
        prefixes = ", ".join(f"{prefix}-" for prefix in READ_AS[encoding])
        raise TagError(position, f'tag "{tag}": {encoding} has O, and before a label {prefixes}')
    return "O", ""


def _impossible(tags: Sequence[str], position: int, why: str) -> TagError:
    if position < len(tags):
        return TagError(position, f'tag "{tags[position]}" where {why}')
    return TagError(len(tags) - 1, f"the end of the sentence where {why}")
