"""By what the content of a file is known."""

import hashlib
import os
from functools import lru_cache
from typing import Optional

PART = 2**20


def digest(path: str) -> Optional[str]:
    """Of a file's content; `None` if there is no such file, or it is a URL or a part of one (`data.zip!en.txt`)."""
    file = os.path.expanduser(path.partition("#")[0])
    if not os.path.isfile(file):
        return None
    status = os.stat(file)
    return _digest(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=None)
def _digest(file: str, size: int, changed: int) -> str:
    """Read again only if the file has changed."""
    found = hashlib.sha256()
    with open(file, "rb") as content:
        for part in iter(lambda: content.read(PART), b""):
            found.update(part)
    return found.hexdigest()
