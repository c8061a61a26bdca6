"""
Distributed trainings, as a user types them, ask the teachers together: on one machine, and on two nodes.

That their metrics are of all data is in `commands_test`; the processes by themselves are in `teachers/processes_test`.
"""

import functools
import json
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

import pytest
import torch.multiprocessing
from allennlp.common.util import find_open_port

from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.teachers import ArchiveTeacher
from tests.knowledge.stores import contents
from tests.processes import Forked
from tests.runs import LANGUAGES, NER, allennlp, metrics_of, student_config, train
from tests.training.phased import phase, phased

TWO = {"cuda_devices": [-1, -1]}

# A user's own package: notes what the teachers read; the second process may come to an end, or late.
PACKAGE = """
import os
import signal
import time

import torch.distributed as dist
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader
from allennlp.training import GradientDescentTrainer

from skd_plugin.dataset_readers import ConllTaggingReader
from skd_plugin.teachers import ArchiveTeacher, Teacher, asking
from skd_plugin.training.phase_folder import PhaseFolder

asking.BYTES_IN_WRITE = 1  # each batch is written at once


def is_the_end(where):
    return os.environ.get("END") == where and dist.is_initialized() and dist.get_rank() == 1


@Teacher.register("noting")
class NotingTeacher(ArchiveTeacher):
    number = 0

    def distribution(self, sentences):
        if NotingTeacher.number == 10 and is_the_end("teacher"):
            os.kill(os.getpid(), signal.SIGKILL)
        NotingTeacher.number += len(sentences)
        with open(os.path.join(os.environ["NOTES"], str(os.getpid())), "a") as file:
            file.writelines(" ".join(words) + "\\n" for words in sentences)
        return super().distribution(sentences)


@DatasetReader.register("ending")
class EndingReader(ConllTaggingReader):
    def read_sentences(self, path):
        for number, sentence in enumerate(super().read_sentences(path)):
            if number == 10 and is_the_end("reader"):
                raise ConfigurationError("no more sentences")
            yield sentence


def load_late(self, path, load=GradientDescentTrainer._load_model_state):
    if is_the_end("late"):
        time.sleep(1)
    load(self, path)


def finish_after_the_other(self, weights, found, finish=PhaseFolder.finish):
    if is_the_end("phase"):
        while not (self.path.parent.parent / "node-0" / self.path.name / "finished.json").exists():
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    finish(self, weights, found)


GradientDescentTrainer._load_model_state = load_late
PhaseFolder.finish = finish_after_the_other
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    (folder / "noting_package.py").write_text(PACKAGE)
    return folder


@pytest.fixture(scope="module")
def expected(teachers, tmp_path_factory) -> Dict[Any, Any]:
    """What one process alone puts into a store."""
    folder = tmp_path_factory.mktemp("alone")
    train(config_of(teachers, folder / "store", "archive"), folder / "run")
    return contents_of(folder / "store")


def config_of(teachers: Path, store: Path, teacher: str = "noting", **config: Any) -> Any:
    result = {**student_config(teachers, store={"type": "lmdb", "path": str(store)}), **config}
    for language in LANGUAGES:
        result["model"]["teachers"][language][0]["type"] = teacher
    # A sentence a batch: in its last bits, what a teacher knows of one depends on those beside it.
    result["trainer"]["callbacks"][0]["tokens_per_batch"] = 1
    return result


def contents_of(store: Path) -> Dict[Any, Any]:
    """All that is in a store, beside which nothing may be left."""
    assert {path.name for path in store.iterdir()} == {"data.mdb", "lock.mdb"}
    return readable(store)


def readable(store: Path) -> Dict[Any, Any]:
    opened = LmdbKnowledgeStore(store)
    opened.open("")
    try:
        return contents(opened)
    finally:
        opened.close()


def begin(*arguments: Any) -> None:
    """`allennlp ...`, whose processes begin at once, too: they are forks, and import no other plugins."""
    fork = functools.partial(torch.multiprocessing.start_processes, start_method="fork")
    with mock.patch("torch.multiprocessing.spawn", fork):
        with mock.patch("allennlp.commands.train.import_plugins"):
            allennlp(*arguments)


class Launch(Forked):
    """`allennlp train`, in processes of its own."""

    def __init__(
        self, config: Any, folder: Path, package: Path, *arguments: str, end: str = ""
    ) -> None:
        self.folder = folder
        self._notes = folder.with_suffix(".notes")
        self._notes.mkdir(exist_ok=True)
        path = folder.with_suffix(".json")
        path.write_text(json.dumps(config))
        environment = {"END": end, "NOTES": str(self._notes), "PYTHONPATH": str(package)}
        packages = ["--include-package", "skd_plugin", "--include-package", "noting_package"]
        command = ["train", path, "-s", folder, *packages, *arguments]
        output = folder.with_suffix(".txt")
        super().__init__(begin, *command, output=output, environment=environment)

    @property
    def read(self) -> List[str]:
        """The sentences that its teachers read, in all of its processes."""
        notes = [path.read_text(encoding="utf-8") for path in self._notes.iterdir()]
        return "".join(notes).splitlines()


def assert_well(*launches: Launch) -> None:
    for launch in launches:
        assert launch.end() == 0, launch.printed[-3000:]


def test_two_processes_ask_each_sentence_once(teachers, package, expected, tmp_path):
    config = config_of(teachers, tmp_path / "store", distributed=TWO)
    launch = Launch(config, tmp_path / "run", package)
    assert_well(launch)
    assert len(launch.read) == len(set(launch.read)) == len(expected)
    assert contents_of(tmp_path / "store") == expected
    assert len(list((tmp_path / "run.notes").iterdir())) == 2


def test_a_killed_process_ends_the_training_and_another_goes_on(
    teachers, package, expected, tmp_path, monkeypatch
):
    config = config_of(teachers, tmp_path / "store", distributed=TWO)
    killed = Launch(config, tmp_path / "run", package, end="teacher")
    assert killed.end() != 0
    lost = ("terminated with signal SIGKILL", "another process of the training has ended")
    assert any(one in killed.printed for one in lost), killed.printed[-3000:]
    before = readable(tmp_path / "store")
    # What the killed one had read was written; of the other, only the last may not have been.
    assert 10 <= len(killed.read) - 1 <= len(before) < len(expected)
    assert before.items() <= expected.items()

    read: List[Any] = []
    distribution = ArchiveTeacher.distribution

    def noting(self: ArchiveTeacher, sentences: Any) -> Any:
        read.extend(sentences)
        return distribution(self, sentences)

    monkeypatch.setattr(ArchiveTeacher, "distribution", noting)
    train(config_of(teachers, tmp_path / "store", "archive"), tmp_path / "again")
    assert len(read) == len(expected) - len(before)
    assert contents_of(tmp_path / "store") == expected


def of_nodes(*configs: Any) -> List[Any]:
    """The config of each node, of one process."""
    nodes = {
        "cuda_devices": [-1],
        "num_nodes": len(configs),
        "primary_address": "127.0.0.1",
        "primary_port": find_open_port(),
    }
    return [
        {**config, "distributed": {**config.get("distributed", {}), **nodes}} for config in configs
    ]


def launch_nodes(
    configs: List[Any], folder: Path, package: Path, *arguments: str, end: str = ""
) -> List[Launch]:
    return [
        Launch(
            config,
            folder / f"node-{node}",
            package,
            *("--node-rank", str(node), *arguments),
            end=end,
        )
        for node, config in enumerate(configs)
    ]


@pytest.mark.parametrize("is_shared", [True, False])
def test_two_nodes(teachers, package, expected, tmp_path, is_shared):
    stores = [tmp_path / "store" if is_shared else tmp_path / f"store-{node}" for node in range(2)]
    test = {language: str(NER / language / "test.txt") for language in LANGUAGES}
    configs = [
        config_of(teachers, store, test_data_path=test, evaluate_on_test=True) for store in stores
    ]
    nodes = launch_nodes(of_nodes(*configs), tmp_path, package)
    assert_well(*nodes)

    if is_shared:
        read = [*nodes[0].read, *nodes[1].read]
        assert len(read) == len(set(read)) == len(expected)
        assert min(len(node.read) for node in nodes) > len(expected) / 4
        assert contents_of(stores[0]) == expected
    else:
        found = [contents_of(store) for store in stores]
        for node, content in zip(nodes, found):
            assert len(node.read) == len(set(node.read)) == len(content) < len(expected)
        assert {**found[0], **found[1]} == expected

    assert "test_macro_f1" in metrics_of(nodes[0].folder)
    assert_same(*(node.folder for node in nodes))
    assert all((node.folder / "model.tar.gz").exists() for node in nodes)


def assert_same(one: Path, other: Path) -> None:
    """Two trainings with the same end."""
    metrics = [
        {name: value for name, value in metrics_of(folder).items() if "duration" not in name}
        for folder in (one, other)
    ]
    assert metrics[0] == metrics[1]
    weights = [torch.load(folder / "best.th") for folder in (one, other)]
    assert weights[0].keys() == weights[1].keys()
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name


def test_a_node_that_fails_ends_the_other(teachers, package, tmp_path):
    """The second reads a sentence that is wrong, when the teachers are to be asked."""
    reader = {**student_config(teachers)["dataset_reader"], "type": "ending"}
    loader = {"batch_size": 16, "max_instances_in_memory": 16}
    config = config_of(teachers, tmp_path / "store", dataset_reader=reader, data_loader=loader)
    first, second = launch_nodes(of_nodes(config, config), tmp_path, package, end="reader")
    assert second.end() != 0 and "no more sentences" in second.printed
    assert first.end() != 0 and "another process of the training has ended" in first.printed
    assert readable(tmp_path / "store") == {}


def phases_of_two(teachers: Path) -> Any:
    """Hidden states, then labels."""
    states = phase("states", "unlabeled", [{"type": "hidden", "teacher_dim": 16}], ["^encoder"])
    states["trainer"]["validation_metric"] = "-distillation_loss"
    labels = phase("labels", "labeled", [], [""])
    config = phased(teachers, [states, labels], dropout=0.1)
    config["distributed"] = {"ddp_accelerator": {"type": "torch", "find_unused_parameters": True}}
    return config


def test_phases_and_their_measure(teachers, package, tmp_path):
    """Of validation sentences that the processes cannot share evenly; the second reads the best weights late."""
    config = phases_of_two(teachers)
    config["distributed"].update(TWO)
    config["validation_dataset_reader"] = {
        **config["dataset_reader"]["labeled"],
        "max_sentences_per_file": None,
        "max_instances": 21,
    }
    config["trainer"]["phases"][1]["trainer"]["validation_metric"] = "+loss"
    launch = Launch(config, tmp_path / "run", package, end="late")
    assert_well(launch)
    metrics = metrics_of(tmp_path / "run")
    assert metrics["states_best_validation_distillation_loss"] > 0
    assert metrics["labels_updates"] == 6
    assert metrics["labels_best_epoch"] == 0  # so that its weights were read again
    assert (tmp_path / "run" / "model.tar.gz").exists()


def test_a_node_killed_before_its_phase_is_finished(teachers, package, tmp_path):
    """As the other has finished it, and both go on."""
    configs = of_nodes(phases_of_two(teachers), phases_of_two(teachers))
    killed = launch_nodes(configs, tmp_path, package, end="phase")
    assert all(node.end() != 0 for node in killed)
    finished = [list(node.folder.glob("*/finished.json")) for node in killed]
    assert [len(paths) for paths in finished] == [1, 0]
    nodes = launch_nodes(configs, tmp_path, package, "--recover")
    assert_well(*nodes)
    assert_same(*(node.folder for node in nodes))
