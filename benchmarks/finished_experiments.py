"""What benchmarks have in common whose goals are judged by finished experiments."""

import argparse
import json
import re
from pathlib import Path
from typing import Callable, List, Sequence

from benchmarks.claims import Row

OUTPUT = Path(__file__).parents[1] / "RESULTS.md"


def parser(description: str) -> argparse.ArgumentParser:
    """Of what they all take."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("folders", nargs="+", type=Path, help="of allennlp distill")
    made.add_argument("--output", type=Path, default=OUTPUT, help="the page that is completed")
    made.add_argument("--quick", action="store_true", help="the same: nothing is trained here")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the claims there")
    return made


def complete(options: argparse.Namespace, rows: List[Row], page: Callable[[str], str]) -> None:
    """Writes the claims, and the page: given what it was, what it becomes."""
    output: Path = options.output
    written = output.read_text(encoding="utf-8") if output.exists() else ""
    output.write_text(page(written), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def tables(folders: Sequence[Path], deeper: int) -> List[str]:
    """The tables of each experiment, with headings so many levels deeper."""
    return [
        re.sub(
            "^#", "#" * (1 + deeper), path.read_text(encoding="utf-8"), flags=re.MULTILINE
        ).strip()
        for path in (folder / "results.md" for folder in folders)
    ]
