"""`allennlp distill experiment.jsonnet -s FOLDER`: a whole table of methods, with statistics and a report."""

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Dict, List, Optional

import torch
from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from filelock import FileLock, Timeout
from tqdm import tqdm

from skd_plugin.commands.action import positive, runner
from skd_plugin.commands.text import table
from skd_plugin.experiments import Engine, Experiment
from skd_plugin.experiments.engine import Task
from skd_plugin.experiments.estimate import Estimates, wall_seconds
from skd_plugin.experiments.execution import Workplace
from skd_plugin.experiments.experiment import Run
from skd_plugin.experiments.report import write_report
from skd_plugin.experiments.results import write_results

FAILED = 1


@Subcommand.register("distill")
class DistillCommand(Subcommand):
    """Trains, compares and reports what an experiment file describes."""

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Train the teachers, a baseline and every method of an experiment file for every seed, evaluate and "
            "compare them, and write results.json, results.md and report.html. Each run is a serialization directory "
            "of its own. The same command goes on where an interrupted one was; finished runs are not repeated, and a "
            "failed one does not stop the others. Exit status: 0; 1 if a run failed; 2 for an error; 130 if "
            "interrupted."
        )
        subparser = parser.add_parser(
            self.name, description=description, help="Run an experiment: a table of methods."
        )
        subparser.add_argument("param_path", type=str, help="the experiment file")
        subparser.add_argument(
            "-s",
            "--serialization-dir",
            required=True,
            type=str,
            help="folder of all that is written",
        )
        subparser.add_argument(
            "--jobs",
            type=positive(int),
            default=1 if torch.cuda.is_available() else os.cpu_count() or 1,
            metavar="N",
            help="how many runs go on side by side (default: as many as there are cores, or 1 where there is a GPU)",
        )
        subparser.add_argument(
            "--threads",
            type=positive(int),
            default=1,
            metavar="N",
            help="threads of a run (default: 1)",
        )
        subparser.add_argument(
            "--engine", default="local", choices=Engine.list_available(), help="who does the runs"
        )
        subparser.add_argument(
            "--dry-run",
            action="store_true",
            help="list the runs and how long they may take, and do nothing",
        )
        if_interrupted = "interrupted; the same command goes on from there."
        subparser.set_defaults(func=runner("allennlp distill", distill, if_interrupted))
        return subparser


def distill(args: argparse.Namespace) -> int:
    """Returns the exit status."""
    # For all processes that are started from here on: several that take all cores each would fight for them, and glibc
    # gives the memory of every large tensor back to the system, only to ask for it again at the next batch.
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**30))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**30))
    experiment = Experiment(args.param_path, args.serialization_dir)
    experiment.check_files()
    folder = Path(experiment.folder)
    if args.dry_run:
        torch.set_num_threads(args.threads)
        _show_plan(experiment, args.jobs)
        return 0
    lock = _locked(folder)
    try:
        errors = _run_all(experiment, args.engine, args.jobs, args.threads, args.include_package)
        write_results(experiment, errors)
        write_report(folder)
    finally:
        lock.release()
    print((folder / "results.md").read_text(encoding="utf-8").partition("\n## Comparisons")[0])
    print(f"In {folder}: results.json, results.md, report.html")
    return FAILED if any(errors.values()) else 0


def _locked(folder: Path) -> FileLock:
    """The folder, made if there is none, as long as the lock is held."""
    lock = FileLock(str(folder / "distill.lock"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(f"{folder}: another `allennlp distill` is at work there")
    except OSError as error:
        raise ConfigurationError(f"-s {folder}: expected a folder to write to ({error})")
    return lock


def _run_all(
    experiment: Experiment, engine: str, jobs: int, threads: int, packages: List[str]
) -> Dict[str, Optional[str]]:
    """Does what is not finished; returns the errors by name."""
    runs = experiment.runs()
    workplaces = [Workplace(experiment.folder, run) for run in runs]
    _refuse_other_configs(workplaces)
    for workplace in workplaces:
        workplace.prepare()
    unfinished = [workplace.run for workplace in workplaces if not workplace.is_finished]
    settings = {name: value for name, value in os.environ.items() if name.startswith("SKD_")}
    tasks = [
        Task(run, experiment.folder, packages, threads, os.getcwd(), settings) for run in unfinished
    ]
    errors: Dict[str, Optional[str]] = {}
    with tqdm(total=len(runs), initial=len(runs) - len(tasks), desc="runs", unit="run") as bar:

        def ended(run: Run, error: Optional[str]) -> None:
            errors[run.name] = error
            bar.update()
            bar.write(_news(Workplace(experiment.folder, run), error), file=sys.stderr)

        if tasks:
            Engine.by_name(engine)(jobs=jobs)(tasks, ended)
    return errors


def _show_plan(experiment: Experiment, jobs: int) -> None:
    """Lists the runs, and how long they may take; trains nothing."""
    runs = experiment.runs()
    estimates = Estimates(experiment.folder, runs)
    rows, seconds = [["run", "state", "about, seconds"]], []
    for run in tqdm(runs, desc="timing a few batches", unit="run", leave=False):
        workplace = Workplace(experiment.folder, run)
        difference = workplace.difference
        if workplace.is_finished and not difference:
            rows.append([run.name, "finished", f"{workplace.seconds:.0f} (taken)"])
            continue
        estimate, state = None, workplace.state
        if difference:
            state = f"trained by another config ({difference})"
        try:
            estimate = estimates(run)
        except (ConfigurationError, OSError) as error:
            state = f"cannot be built: {error}"
        rows.append([run.name, state, "?" if estimate is None else f"{estimate:.0f}"])
        seconds.append(estimate or 0.0)
    print(table(rows))
    wall = timedelta(seconds=round(wall_seconds(seconds, jobs)))
    print(
        f"{len(seconds)} of {len(runs)} runs to do: about {wall} with all their epochs, {jobs} side by side; less "
        "where they stop early, and up to a fifth more where they learn from teachers."
    )


def _refuse_other_configs(workplaces: List[Workplace]) -> None:
    changed = {str(workplace.folder): workplace.difference for workplace in workplaces}
    different = [f"{folder} ({where})" for folder, where in changed.items() if where]
    if different:
        raise ConfigurationError(
            f"trained by another config: {', '.join(different)}; give another folder by -s, or delete those that are "
            "to be trained anew"
        )


def _news(workplace: Workplace, error: Optional[str]) -> str:
    if error:
        return f"FAILED {workplace.run.name}: {error}"
    return f"{workplace.run.name}: {workplace.seconds:.0f} s"
