"""
Measures `skd_plugin.structures` beside allennlp, pytorch-crf, torch-struct and supar, and against its own claims.

    python benchmarks/structures.py [--quick] [--threads 1 2 ...] [--device cpu|cuda] [--json FILE] [--output FOLDER]

Peers come with `pip install -e ".[bench]"`; one that is missing is a column that says so. Prints ratios and claims, and
writes `structures.md`, `structures.json` and `structures.png` to `benchmarks/results/` (a quick run to
`benchmarks/results/quick/`). The whole takes about half an hour, a quick run under a minute. How times are taken and
outputs compared is said in the page it writes.
"""

import argparse
import json
import sys
from itertools import product
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import picture, report  # noqa: E402
from benchmarks.claims import HEADLINE, Results, Row, all_claims  # noqa: E402
from benchmarks.memory import Memory, measure_memory  # noqa: E402
from benchmarks.own_costs import PAIRS, Growth, compare, growth  # noqa: E402
from benchmarks.problems import Shape  # noqa: E402
from benchmarks.side_by_side import Cell, SideBySide  # noqa: E402
from benchmarks.timing import Setting  # noqa: E402


class Plan(NamedTuple):
    """
    What to measure.

    # Parameters

    shapes : `Tuple[Shape, ...]`
        On which all libraries run all tasks.
    few_paths : `Shape`
        On which they are asked for more paths than there are, too.
    paths : `Tuple[int, ...]`
        K of `top_k`.
    own : `Tuple[Shape, ...]`
        On which our own quantities are compared.
    tokens, tags, counts : `Tuple[int, ...]`
        T, C and K against which growth is measured, in a batch of the shape `base`.
    memory : `Tuple[Shape, ...]`
    budget : `float`
        Seconds of rounds a cell; the headline has four times as much.
    """

    shapes: Tuple[Shape, ...]
    few_paths: Shape
    paths: Tuple[int, ...]
    own: Tuple[Shape, ...]
    base: Shape
    tokens: Tuple[int, ...]
    tags: Tuple[int, ...]
    counts: Tuple[int, ...]
    memory: Tuple[Shape, ...]
    budget: float


HEADLINES = tuple(HEADLINE._replace(kind=kind) for kind in ("mixed", "equal", "wide"))
FULL = Plan(
    shapes=(
        *(Shape(*sizes) for sizes in product((1, 8, 64, 256), (8, 32, 128, 512), (5, 19, 50))),
        *HEADLINES[1:],
    ),
    # One or two tokens: 5 or 25 paths
    few_paths=Shape(8, 2, 5),
    paths=(2, 10, 50),
    own=tuple(Shape(*sizes) for sizes in product((1, 64), (32, 128), (5, 19, 50))),
    base=HEADLINES[1],
    tokens=(8, 16, 32, 64, 128, 256, 512),
    tags=(5, 10, 19, 35, 50, 100, 200),
    counts=(1, 2, 5, 10, 20, 50, 100),
    memory=(Shape(64, 128, 19), Shape(8, 32, 5), Shape(1, 32, 200)),
    budget=1.0,
)
QUICK = FULL._replace(
    shapes=(*HEADLINES[:2], Shape(1, 8, 5), Shape(1, 128, 19), Shape(256, 8, 19)),
    paths=(10,),
    own=(HEADLINE,),
    tokens=(8, 32, 128, 512),
    tags=(5, 19, 50, 100),
    counts=(1, 10, 50, 100),
    budget=0.15,
)
TINY = FULL._replace(
    shapes=(Shape(2, 4, 3),),
    few_paths=Shape(2, 2, 2),
    paths=(5,),
    own=(Shape(2, 4, 3),),
    base=Shape(2, 4, 3),
    tokens=(2, 4, 8),
    tags=(2, 3, 4),
    counts=(1, 2, 3),
    memory=(Shape(2, 4, 3),),
    budget=0.01,
)


def measure(plan: Plan, settings: List[Setting]) -> Results:
    """Cells in all settings; growth and memory in the first."""
    cells: List[Cell] = []
    for setting in settings:
        setting.enter()
        cells += _cells(plan, setting)
    settings[0].enter()
    return Results(settings, cells, _growths(plan, settings[0]), _memories(plan, settings[0]))


def _cells(plan: Plan, setting: Setting) -> List[Cell]:
    cells: List[Cell] = []
    side_by_side = SideBySide(setting)
    tasks = [("nll", 1), ("decode", 1), *(("top_k", k) for k in plan.paths)]
    for task, k in tasks:
        for shape in sorted(plan.shapes, key=lambda shape: shape.work):
            budget = plan.budget * (4 if shape in HEADLINES else 1)
            cells += _shown(side_by_side.run(task, shape, k, budget))
    cells += _shown(side_by_side.run("top_k", plan.few_paths, max(plan.paths), plan.budget))
    for task in PAIRS:
        for shape in plan.own:
            budget = plan.budget * (4 if shape in HEADLINES else 1)
            cells += _shown(compare(task, shape, setting, budget))
    return cells


def _shown(cells: List[Cell]) -> List[Cell]:
    first = cells[0]
    paths = f" {first.k}" if first.task == "top_k" else ""
    texts = [f"{first.task}{paths}, {first.shape}, {first.setting}:"]
    texts += [f"{cell.library} {report.summary(cell)};" for cell in cells]
    print(" ".join(texts).rstrip(";"), flush=True)
    return cells


def _growths(plan: Plan, setting: Setting) -> List[Growth]:
    tasks = ("nll", "marginals", "top_k")
    measurements = [*product(("T",), tasks), *product(("C",), tasks), ("K", "top_k")]
    sizes = {"T": plan.tokens, "C": plan.tags, "K": plan.counts}
    return [
        growth(task, axis, sizes[axis], plan.base, 10, setting, 4 * plan.budget)
        for axis, task in measurements
    ]


def _memories(plan: Plan, setting: Setting) -> List[Memory]:
    return [memory for shape in plan.memory for memory in measure_memory(shape, 10, setting)]


def write(results: Results, claims: List[Row], folder: Path) -> None:
    """The page, the data, and the picture if matplotlib is there."""
    folder.mkdir(parents=True, exist_ok=True)
    report.write_page(results, claims, folder / "structures.md")
    report.write_data(results, folder / "structures.json")
    try:
        picture.draw(results, folder / "structures.png")
    except ModuleNotFoundError:
        print("No picture: matplotlib is not installed.")
    print(f"\nWritten to {folder}: structures.md, .json and .png")


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Runs as the command line says."""
    options = _parser().parse_args(arguments)
    plan = TINY if options.tiny else QUICK if options.quick else FULL
    threads = options.threads or ([1, 2] if plan is FULL else [1])
    settings = [Setting("cpu", number) for number in threads]
    cuda = [Setting("cuda")] if torch.cuda.is_available() else []
    if options.device == "cuda" and not cuda:
        sys.exit("--device cuda: torch finds no GPU")
    settings = {"cpu": settings, "cuda": cuda, None: settings + cuda}[options.device]

    results = measure(plan, settings)
    claims = all_claims(results)
    print(f"\n{report.headline_table(results)}\n\n{report.claims_table(claims)}")
    folder = ROOT / "benchmarks" / "results"
    if plan is not FULL:
        folder = folder / "quick"
    write(results, claims, options.output or folder)
    if options.json:
        options.json.write_text(json.dumps(claims, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="headline sizes and a few corners, under a minute")
    add("--tiny", action="store_true", help=argparse.SUPPRESS)
    add("--threads", type=int, nargs="+", help="claims are about the first; default: 1 2, quick 1")
    add("--device", choices=["cpu", "cuda"], help="default: the CPU, and the GPU if there is one")
    add("--json", type=Path, help="where to write the claims")
    add("--output", type=Path, help="the folder for the results")
    return parser


if __name__ == "__main__":
    main()
