"""From text to tokens that know their place in it."""

import re
import unicodedata
from typing import List

from allennlp.common.checks import ConfigurationError
from allennlp.data import Token

# Scripts written without spaces: Thai, Lao, Myanmar, Khmer; kana; Han with its extensions.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents that follow their letter, in Hindi or in decomposed text, and the two joiners of Persian and
# Hindi: inside a word, though `\w` lacks them.
_MARKS = "\u200c\u200d" + "".join(
    chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"
)
_INSIDE = "-'’.,·\u05f3\u05f4"  # apostrophes, hyphens, points


def _word(but_not: str = "") -> str:
    """The pattern of a word without certain characters."""
    no = f"(?![{but_not}])" if but_not else ""
    part = rf"{no}\w(?:{no}[\w{_MARKS}])*"
    return f"{part}(?:[{_INSIDE}]{part})*"


_SPACES = re.compile(r"\S+")
_WORDS = re.compile(rf"{_word()}|\S")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+|\S")
_AUTO = re.compile(rf"[{_SPACELESS}]|{_word(_SPACELESS)}|\S")

METHODS = {"whitespace": _SPACES, "words": _WORDS, "characters": _ALPHANUMERIC, "auto": _AUTO}


def tokenize(text: str, method: str = "auto") -> List[Token]:
    """
    Cuts text into tokens with `idx` and `idx_end`, such that text[idx:idx_end] is the token.

    # Parameters

    text : `str`
    method : `str`, optional (default = `"auto"`)
        * "whitespace": at white space;
        * "words": punctuation stands alone, but for apostrophes, hyphens and points inside a word;
        * "characters": every character stands alone, but for runs of ASCII letters and digits;
        * "auto": as "characters" in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar), as "words"
          elsewhere.

        A combining mark stays with what it marks.

    # Raises

    `ConfigurationError` for an unknown method.
    """
    if method not in METHODS:
        raise ConfigurationError(
            f'unknown tokenization "{method}"; expected one of {", ".join(METHODS)}'
        )
    tokens: List[Token] = []
    for match in METHODS[method].finditer(text):
        start, end = match.span()
        if tokens and tokens[-1].idx_end == start and unicodedata.category(text[start])[0] == "M":
            start = tokens.pop().idx or 0
        tokens.append(Token(text[start:end], idx=start, idx_end=end))
    return tokens
