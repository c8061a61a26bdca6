"""What benchmarks have in common whose goals are judged by finished experiments."""

import argparse
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

from benchmarks.claims import Row

OUTPUT = Path(__file__).parents[1] / "RESULTS.md"


def parser(
    description: str, quick: str = "the same: nothing is trained here"
) -> argparse.ArgumentParser:
    """Of what they all take; `quick` says what that does."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("folders", nargs="+", type=Path, help="of allennlp distill")
    made.add_argument("--output", type=Path, default=OUTPUT, help="the page that is completed")
    made.add_argument("--quick", action="store_true", help=quick)
    made.add_argument("--json", type=Path, metavar="FILE", help="write the claims there")
    return made


def p_of_gain(comparison: Dict[str, Any], name: str = "p_corrected") -> float:
    """That of a row of comparisons for a claim that one is better; 1 where it is not."""
    return float(comparison[name]) if comparison["difference"] > 0 else 1.0


def complete(options: argparse.Namespace, rows: List[Row], page: Callable[[str], str]) -> None:
    """Writes the claims, and the page: given what it was, what it becomes."""
    output: Path = options.output
    written = output.read_text(encoding="utf-8") if output.exists() else ""
    output.write_text(page(written), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def page(written: str, section: str, marks: Sequence[str]) -> str:
    """With the section in place of what is between two marks; without marks, at the end."""
    begin, end = marks
    before, _, rest = written.partition(begin)
    _, _, after = rest.partition(end)
    parts = [before.rstrip(), begin, section, end, after.strip()]
    return "\n\n".join(parts).strip() + "\n"


def tables(folders: Sequence[Path], deeper: int) -> List[str]:
    """The tables of each experiment, with headings so many levels deeper."""
    return [
        re.sub(
            "^#", "#" * (1 + deeper), path.read_text(encoding="utf-8"), flags=re.MULTILINE
        ).strip()
        for path in (folder / "results.md" for folder in folders)
    ]
