"""
Runs the main job on the embedded corpus: teachers of four languages, a multilingual baseline, and a student of every
method; then prints a table of test F1 and draws it. `make demo` calls this.

Each run is an `allennlp train` of its own, with the command shown; a finished run is not repeated (`make clean`
forgets them). In `demo-output/` are `results.json`, `results.md`, `results.png`, and a serialization directory a run.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Dict, List, NamedTuple

from tqdm import tqdm

LANGUAGES = ["de", "en", "ru", "zh"]
METHODS = [
    "baseline",
    "emission",
    "top_k",
    "weighted_top_k",
    "posterior",
    "posterior_top_wk",
    "structural",
]
SEED = 13370


class Run(NamedTuple):
    """One training: its method, config, serialization directory and settings."""

    method: str
    config: str
    folder: Path
    settings: Dict[str, str]

    @property
    def command(self) -> List[str]:
        return [
            "allennlp",
            "train",
            self.config,
            "-s",
            str(self.folder),
            "--include-package",
            "skd_plugin",
        ]


def all_runs(output: Path, settings: Dict[str, str]) -> List[List[Run]]:
    """The runs in stages: one stage needs the one before."""
    configs = "training_configs/demo"
    settings = {
        "SKD_SEED": str(SEED),
        "SKD_TEACHERS": str(output / "teachers"),
        "SKD_KNOWLEDGE": str(output / "knowledge"),
        **settings,
    }
    teachers = [
        Run(
            "teachers",
            f"{configs}/teacher.jsonnet",
            output / "teachers" / language,
            {**settings, "SKD_LANGUAGE": language},
        )
        for language in LANGUAGES
    ]
    students = [
        Run(method, f"{configs}/{method}.jsonnet", output / method, settings) for method in METHODS
    ]
    return [teachers, students]


def is_finished(run: Run) -> bool:
    """An interrupted run has an archive too, but no metrics of the test set."""
    metrics = run.folder / "metrics.json"
    return metrics.exists() and "test_macro_f1" in json.loads(metrics.read_text())


def train(run: Run) -> None:
    """Trains in a process of its own, of one thread; says where to look if it fails."""
    run.folder.parent.mkdir(parents=True, exist_ok=True)
    log = run.folder.parent / f"{run.folder.name}.log"
    arguments = [sys.executable, "-m", *run.command]
    if run.folder.exists():
        arguments.append("--force")  # an interrupted run
    # Settings of the user's own work do not reach the demo.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SKD_")}
    environment = {**inherited, **run.settings, "OMP_NUM_THREADS": "1"}
    with open(log, "w", encoding="utf-8") as file:
        code = subprocess.run(arguments, stdout=file, stderr=file, env=environment).returncode
    if code != 0:
        end = "".join(open(log, encoding="utf-8").readlines()[-15:])
        raise SystemExit(f"\n{end}\n`{' '.join(run.command)}` failed; its output is in {log}")


def train_all(stages: List[List[Run]], jobs: int) -> None:
    with tqdm(total=sum(map(len, stages)), desc="training", unit="run") as bar:
        for stage in stages:
            unfinished = [run for run in stage if not is_finished(run)]
            bar.update(len(stage) - len(unfinished))
            with ThreadPoolExecutor(jobs) as pool:
                futures = {pool.submit(train, run): run for run in unfinished}
                try:
                    for future in as_completed(futures):
                        future.result()
                        bar.update()
                        bar.write("finished  " + " ".join(futures[future].command))
                except BaseException:
                    for future in futures:
                        future.cancel()
                    raise


def collect(stages: List[List[Run]]) -> List[Dict[str, object]]:
    """The rows of results.json, from the metrics of each run."""
    rows: List[Dict[str, object]] = []
    for run in (run for stage in stages for run in stage):
        metrics = json.loads((run.folder / "metrics.json").read_text())
        for language in LANGUAGES:
            value = metrics.get(f"test__{language}_f1")
            if value is not None:
                row = {
                    "method": run.method,
                    "seed": SEED,
                    "language": language,
                    "split": "test",
                    "metric": "f1",
                }
                rows.append({**row, "value": value})
    return rows


def table(rows: List[Dict[str, object]]) -> str:
    """Languages by methods, in Markdown; the last column is the mean over languages."""
    lines = [
        "| test F1 | " + " | ".join(LANGUAGES) + " | macro |",
        "|---|" + "---:|" * (len(LANGUAGES) + 1),
    ]
    for method in ["teachers", *METHODS]:
        values = {
            row["language"]: float(str(row["value"])) for row in rows if row["method"] == method
        }
        cells = [100 * values[language] for language in LANGUAGES]
        cells.append(sum(cells) / len(cells))
        lines.append(f"| {method} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    return "\n".join(lines)


def draw(rows: List[Dict[str, object]], path: Path) -> None:
    """A dot for every method and language, methods from top to bottom."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    methods = ["teachers", *METHODS]
    figure, axes = pyplot.subplots(1, len(LANGUAGES), figsize=(10, 2.8), sharey=True, sharex=True)
    for axis, language in zip(axes, LANGUAGES):
        values = {
            row["method"]: 100 * float(str(row["value"]))
            for row in rows
            if row["language"] == language
        }
        axis.axvline(values["baseline"], color="0.7", linewidth=1)
        for height, method in enumerate(methods):
            is_reference = method in ("teachers", "baseline")
            axis.plot(
                values[method],
                height,
                marker="D" if is_reference else "o",
                color="0.4" if is_reference else "C0",
            )
        axis.set_title(language)
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(methods)))
    axes[0].set_yticklabels([method.replace("_", " ") for method in methods])
    axes[0].invert_yaxis()
    figure.supxlabel("test F1 (line: baseline)", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument(
        "--output", type=Path, default=Path("demo-output"), help="folder of the results"
    )
    parser.add_argument(
        "--jobs", type=int, default=min(4, os.cpu_count() or 1), help="runs side by side"
    )
    parser.add_argument("--epochs", default="", help="most epochs of a run (default: the config's)")
    arguments = parser.parse_args()

    stages = all_runs(arguments.output, {"SKD_EPOCHS": arguments.epochs})
    train_all(stages, arguments.jobs)
    rows = collect(stages)
    (arguments.output / "results.json").write_text(json.dumps(rows, indent=1) + "\n")
    (arguments.output / "results.md").write_text(table(rows) + "\n")
    draw(rows, arguments.output / "results.png")
    print(f"\n{table(rows)}\n\nin {arguments.output}: results.json, results.md, results.png")


if __name__ == "__main__":
    main()
