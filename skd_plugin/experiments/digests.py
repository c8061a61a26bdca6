"""By what the content of a file is known."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Optional

from skd_plugin.teachers.hashing import hash_content


def local_file(path: str) -> Optional[Path]:
    """Where a path leads; of `reviews.xml#dev` and `data.zip!test.txt` what stands before the mark. `None`: nowhere."""
    for one in (path, re.split("[#!]", path)[0]):
        file = Path(one).expanduser()
        if file.exists():
            return file
    return None


def digest(path: str) -> Optional[str]:
    """Of a file's content; `None` if there is no such file, or it is a URL."""
    file = local_file(path)
    if file is None or not file.is_file():
        return None
    status = file.stat()
    return _digest(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=None)
def _digest(file: Path, size: int, changed: int) -> str:
    """Read again only if the file has changed."""
    with open(file, "rb") as content:
        return hash_content(content, hashlib.sha256)
