"""What parallel files hold."""

from typing import Dict, List, NamedTuple, Optional


class Side(NamedTuple):
    """
    A sentence in one language.

    # Parameters

    text : `str`
    path : `str`
        Of the file where it stands.
    line : `int`
        Its number there, from 1.
    words : `List[str]`, optional (default = `None`)
        If the file has them.
    """

    text: str
    path: str
    line: int
    words: Optional[List[str]] = None


Row = Dict[str, Side]
"""A sentence in several languages, by language."""
