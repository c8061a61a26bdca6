"""
Measures what cached knowledge costs: time, disk and memory.

    python benchmarks/knowledge.py [--quick] [--only PART ...] [--json FILE] [--output FOLDER]

Prints claims, and writes `knowledge.md`, `knowledge.json` and `knowledge.png` to `benchmarks/results/` (a quick run, or
one of some parts only, to `benchmarks/results/quick/`). The whole takes about half an hour, most of it the training on
a million sentences; a quick run under a minute. All data is synthetic or the repository's own. How it is measured is
said in the page it writes.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import knowledge_picture, knowledge_report  # noqa: E402
from benchmarks.claims import Row  # noqa: E402
from benchmarks.knowledge_bytes import BytesPlan, measure_bytes  # noqa: E402
from benchmarks.knowledge_caching import CachingPlan, measure_caching  # noqa: E402
from benchmarks.knowledge_claims import Results, all_claims  # noqa: E402
from benchmarks.knowledge_memory import MemoryPlan, measure_memory  # noqa: E402
from benchmarks.knowledge_reading import ReadingPlan, measure_reading  # noqa: E402
from benchmarks.knowledge_steps import DEMO, PAPER, StepPlan, measure_steps  # noqa: E402
from benchmarks.report import claims_table  # noqa: E402
from benchmarks.timing import Setting  # noqa: E402


class Plan(NamedTuple):
    """How much to measure of each part."""

    steps: StepPlan
    caching: CachingPlan
    stored: BytesPlan
    memories: MemoryPlan
    readings: ReadingPlan


FULL = Plan(
    StepPlan({PAPER: 120.0, DEMO: 60.0}, least=20, num_batches=20, teacher_steps=200),
    CachingPlan(num_sentences=600, num_layers=6, dim=384, budget=60.0, least=5),
    BytesPlan(tags=(20, 50), num_sentences=5000, taught=2000, teacher_steps=300),
    MemoryPlan(sizes=(10_000, 100_000, 1_000_000), held=4096),
    ReadingPlan(num_sentences=10_000, seconds=5.0),
)
QUICK = Plan(
    StepPlan({PAPER: 3.0, DEMO: 3.0}, least=3, num_batches=5, teacher_steps=40),
    CachingPlan(num_sentences=100, num_layers=2, dim=128, budget=1.5, least=3),
    BytesPlan(tags=(20,), num_sentences=1000, taught=1000, teacher_steps=100),
    MemoryPlan(sizes=(1000, 4000), held=1024),
    ReadingPlan(num_sentences=500, seconds=0.3),
)
TINY = Plan(
    StepPlan({DEMO: 0.0}, least=1, num_batches=2, teacher_steps=1),
    CachingPlan(num_sentences=5, num_layers=1, dim=8, budget=0.0, least=1),
    BytesPlan(tags=(3, 20), num_sentences=40, taught=64, teacher_steps=2),
    MemoryPlan(sizes=(40, 80), held=32),
    ReadingPlan(num_sentences=40, seconds=0.02),
)
MEASURES: Dict[str, Callable[[Any, Path], List[Any]]] = {
    "steps": measure_steps,
    "caching": measure_caching,
    "stored": measure_bytes,
    "memories": measure_memory,
    "readings": measure_reading,
}


def measure(plan: Plan, parts: Sequence[str]) -> Results:
    """All parts, or some; each in a folder of its own, which is removed."""
    found: Dict[str, List[Any]] = {}
    for name, of_part in plan._asdict().items():
        found[name] = []
        if name in parts:
            start = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                found[name] = MEASURES[name](of_part, Path(folder))
            print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return Results(**found)


def write(results: Results, claims: List[Row], folder: Path) -> None:
    """The page, the data, and the picture if matplotlib is there."""
    folder.mkdir(parents=True, exist_ok=True)
    knowledge_report.write_page(results, claims, folder / "knowledge.md")
    knowledge_report.write_data(results, folder / "knowledge.json")
    try:
        knowledge_picture.draw(results, folder / "knowledge.png")
    except ModuleNotFoundError:
        print("No picture: matplotlib is not installed.")
    print(f"\nWritten to {folder}: knowledge.md, .json and .png")


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Runs as the command line says."""
    options = _parser().parse_args(arguments)
    plan = TINY if options.tiny else QUICK if options.quick else FULL
    parts: Tuple[str, ...] = tuple(options.only or MEASURES)
    Setting("cpu").enter()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # readers are forked

    results = measure(plan, parts)
    claims = all_claims(results)
    print(f"\n{claims_table(claims)}")
    folder = ROOT / "benchmarks" / "results"
    if plan is not FULL or len(parts) < len(MEASURES):
        folder = folder / "quick"
    write(results, claims, options.output or folder)
    if options.json:
        options.json.write_text(json.dumps(claims, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="small sizes, under a minute")
    add("--tiny", action="store_true", help=argparse.SUPPRESS)
    add("--only", choices=list(MEASURES), nargs="+", help="some parts; default: all")
    add("--json", type=Path, help="where to write the claims")
    add("--output", type=Path, help="the folder for the results")
    return parser


if __name__ == "__main__":
    main()
