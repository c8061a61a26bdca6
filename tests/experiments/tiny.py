"""A small experiment, the command that runs it, and the processes that do the work."""

import json
import os
import sys
import time
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

from allennlp.models import load_archive

from skd_plugin.experiments import LocalEngine
from tests.knowledge.stores import FORK
from tests.runs import LANGUAGES, NER, allennlp, student_config, tagger_config


def _small(config: Dict[str, Any]) -> Dict[str, Any]:
    """Few sentences, and dropout, so that all random numbers count."""
    config["dataset_reader"]["max_sentences_per_file"] = 40
    config["model"]["dropout"] = 0.3
    config["data_loader"]["batch_size"] = 10
    config["trainer"].update({"num_epochs": 3, "optimizer": {"type": "adam", "lr": 0.05}})
    return config


def baseline() -> Dict[str, Any]:
    return {"name": "baseline", "group": "labelled", "config": _small(tagger_config(LANGUAGES))}


def student(name: str, *losses: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    store = {"type": "lmdb", "path": "KNOWLEDGE"}
    config = _small(student_config(Path("TEACHERS"), list(losses), store))
    return {"name": name, "group": "labelled", "config": config, **more}


def content(seeds: List[int], *methods: Dict[str, Any]) -> Dict[str, Any]:
    """Two languages, and one without teachers; where teachers are, and seeds, `write` fills in."""
    return {
        "title": "A tiny experiment",
        "seeds": seeds,
        "label_encoding": "BIO",
        "teachers": {language: _small(tagger_config([language])) for language in LANGUAGES},
        "methods": list(methods),
        "evaluation": {
            "test": {language: str(NER / language / "test.txt") for language in LANGUAGES},
            "zero_shot": {"de": str(NER / "de" / "test.txt")},
        },
    }


def write(path: Path, experiment: Dict[str, Any]) -> Path:
    """As a file whose configs take seeds and folders from the command."""
    text = json.dumps(experiment, indent=1)
    for name in ("TEACHERS", "KNOWLEDGE"):
        text = text.replace(f'"{name}', f'std.extVar("SKD_{name}") + "')
    path.write_text(f"""
        local given = std.extVar('SKD_SEED');
        local seed = if given == '' then 0 else std.parseInt(given);
        local seeds = {{ random_seed: seed, numpy_seed: seed, pytorch_seed: seed }};
        local all = {text};
        all {{
          teachers: {{ [name]: all.teachers[name] + seeds for name in std.objectFields(all.teachers) }},
          methods: [method {{ config+: seeds }} for method in all.methods],
        }}
        """)
    return path


def distill(path: Path, folder: Path, *options: Any, report: bool = False) -> int:
    """The exit status of `allennlp distill`, run in this process; it takes a second to draw a report."""

    def write_results_alone(folder: Path) -> None:
        (folder / "results.md").write_text("")

    where = "skd_plugin.commands.distill.write_report"
    start_forkserver()
    try:
        if report:
            allennlp("distill", path, "-s", folder, *options)
        else:
            with mock.patch(where, write_results_alone):
                allennlp("distill", path, "-s", folder, *options)
    except SystemExit as exit:
        assert isinstance(exit.code, int)
        return exit.code
    return 0


def started(path: Path, folder: Path, *options: Any, output: Path = Path(os.devnull)) -> Any:
    """The command in a forked process, with the server of forks of this one."""

    def run() -> None:
        sys.stderr = open(output, "w")
        share_forkserver()
        status = distill(path, folder, *options)
        sys.stderr.flush()
        os._exit(status)

    start_forkserver()
    process = FORK.Process(target=run)
    process.start()
    return process


def start_forkserver() -> None:
    """With all imported that the engine wants, and what is `preloaded`."""
    LocalEngine()([], lambda run, error: None)
    server: Any = forkserver._forkserver  # type: ignore[attr-defined]
    server.set_forkserver_preload([*server._preload_modules, "tests.experiments.preloaded"])
    server.ensure_running()


def share_forkserver() -> None:
    """In a fork of the process that has started the server: it is no child of this one, and cannot be waited for."""
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]


def at_work(folder: Path) -> List[int]:
    """The processes whose output goes to a log in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            output = os.readlink(process / "fd" / "1")
        except OSError:  # gone, or not ours
            continue
        if output.startswith(f"{folder}/") and output.endswith(".log"):
            found.append(int(process.name))
    return found


def wait_until(condition: Any, seconds: float = 60) -> None:
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "nothing happened"
        time.sleep(0.01)


def assert_same_outcome(one: Path, other: Path) -> None:
    """All that does not depend on time and place is equal, byte for byte; and so are all weights."""
    for name in ("results.json", "statistics.json", "examples.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    archives = sorted(path.relative_to(one) for path in one.glob("seed-*/**/model.tar.gz"))
    assert archives
    assert archives == sorted(
        path.relative_to(other) for path in other.glob("seed-*/**/model.tar.gz")
    )
    for archive in archives:
        assert_same_weights(one / archive, other / archive)


def assert_same_weights(one: Path, other: Path) -> None:
    weights = [load_archive(str(path)).model.state_dict() for path in (one, other)]
    assert weights[0].keys() == weights[1].keys()
    for name, weight in weights[0].items():
        assert weight.equal(weights[1][name]), f"{other}: {name}"


def statuses(folder: Path) -> Dict[str, str]:
    """By name of the run."""
    return {run["name"]: run["status"] for run in json.loads((folder / "runs.json").read_text())}
