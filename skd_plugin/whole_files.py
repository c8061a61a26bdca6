"""Files that are there as a whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: Any) -> None:
    """Writes JSON beside a file, and then gives it its name."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
