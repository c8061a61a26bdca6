"""Students with unlabelled text beside, and their controls: what they read, how often, and the whole experiment."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment
from allennlp.models import load_archive

from skd_plugin.commands.training import TaughtTraining
from skd_plugin.dataset_readers import UNLABELED
from skd_plugin.experiments import estimate
from skd_plugin.experiments.experiment import Run
from skd_plugin.knowledge import KnowledgeRequest, LmdbKnowledgeStore
from tests.experiments.tiny import start_forkserver
from tests.layouts import write_ud_pos
from tests.runs import ROOT, allennlp

CONFIGS = ROOT / "training_configs"
LANGUAGES = ["en", "id"]
OF_TEXT = ["baseline_equal_updates", "pseudo_label_text", "posterior_text"]
METHODS = ["baseline", *OF_TEXT]
SETTINGS = {
    "SKD_LANGUAGES": "en,id",
    "SKD_TRAIN_SENTENCES": "32",
    "SKD_UNLABELED_SENTENCES": "40",
    "SKD_EPOCHS": "1",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ud_pos")
    for language in LANGUAGES:
        for split in ("train", "dev", "test"):
            write_ud_pos(folder, language, split)
    return folder


@pytest.fixture(scope="module")
def settings(data: Path) -> Iterator[None]:
    """The environment, in which every file is cut."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {"SKD_DATA": str(data), **SETTINGS}.items():
            patch.setenv(variable, value)
        yield


@pytest.fixture(scope="module")
def distilled(settings: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment, with one seed and some of its methods."""
    folder = tmp_path_factory.mktemp("unlabeled")
    (folder / "x.jsonnet").write_text(
        f"local all = import '{CONFIGS}/experiments/unlabeled.jsonnet';\n"
        f"all {{ seeds: [1], methods: [one for one in all.methods if std.member({METHODS}, one.name)] }}\n"
    )
    start_forkserver()
    allennlp("distill", folder / "x.jsonnet", "-s", folder / "out", "--jobs", 1)
    return folder / "out"


@pytest.fixture
def trainings(settings: None, tmp_path: Path) -> Callable[[float], Dict[str, TrainModel]]:
    """Builds the baselines and a student of posteriors, with so much text of a kind."""

    def of_ratio(ratio: float, kind: str = "with_text") -> Dict[str, TrainModel]:
        path = tmp_path / f"{ratio}.jsonnet"
        path.write_text(
            f"local experiment = import '{CONFIGS}/lib/experiment.libsonnet';\n"
            f"local task = experiment.sized(import '{CONFIGS}/ud_pos/task.libsonnet');\n"
            f"local methods = experiment.{kind}(task, ['posterior'], ratio={ratio});\n"
            "{ [one.name]: one.config for one in [experiment.baseline(task)] + methods }\n"
        )
        loops = {}
        for name, config in Params.from_file(str(path)).as_dict(quiet=True).items():
            params = Params(config)
            prepare_environment(params)
            folder = str(tmp_path / f"{ratio}-{name}")
            loops[name] = TrainModel.from_params(
                params=params, serialization_dir=folder, local_rank=0
            )
        return loops

    return of_ratio


def sentences(instances: Any) -> "Counter[str]":
    """Those with tags."""
    return Counter(
        instance["metadata"].metadata["key"]
        for instance in instances
        if instance["tags"].labels[0] != UNLABELED
    )


def drawn_by(training: Any) -> List[str]:
    """The sentences of an epoch."""
    return [one["key"] for batch in training.trainer.data_loader for one in batch["metadata"]]


def vocabulary(training: TrainModel) -> List[Dict[int, str]]:
    of = training.model.vocab.get_index_to_token_vocabulary
    return [of(name) for name in ("tokens", "token_characters", "labels")]


def test_baseline_of_equal_updates_knows_the_text_and_never_reads_it(trainings: Any) -> None:
    some = trainings(1)
    equal = some["baseline_equal_updates"]
    assert vocabulary(equal) == vocabulary(some["posterior_text"])
    assert len(vocabulary(equal)[0]) > len(vocabulary(some["baseline"])[0])
    loader = equal.trainer.data_loader
    labelled = sentences(loader.iter_instances())
    assert labelled == sentences(some["baseline"].trainer.data_loader.iter_instances())
    assert sum(labelled.values()) == 64 < len(list(loader.iter_instances())) == 144
    for _ in range(2):  # epochs
        assert Counter(drawn_by(equal)) == labelled
    others = [key for key in drawn_by(some["posterior_text"]) if key not in labelled]
    assert len(others) > 40  # of 64: a few sentences come twice in the corpus


@pytest.mark.parametrize("ratio", [0.5, 1, 3])
def test_updates_are_equal(ratio: float, trainings: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKD_EPOCHS", "6")
        some = trainings(ratio)
    equal, text = some["baseline_equal_updates"].trainer, some["posterior_text"].trainer
    updates = [sum(1 for _ in one.data_loader) * one._num_epochs for one in (equal, text)]
    assert updates[0] == updates[1] == 2 * 6 * (1 + ratio)
    assert equal._num_epochs == 6 * (1 + ratio)
    patience = [one._metric_tracker._patience for one in (equal, text)]
    assert patience == [10 * (1 + ratio), 10]
    assert equal._learning_rate_scheduler.lr_scheduler.patience == 2 * (1 + ratio)


def test_perturbed_copies_are_text_for_students_and_gold_for_their_baseline(trainings: Any) -> None:
    some = trainings(2, "perturbed")
    baseline, gold, taught = (
        some[name] for name in ("baseline", "baseline_perturbed", "posterior_perturbed")
    )
    for one in (gold, taught):  # the same words; how often they come orders them
        assert [set(a.values()) for a in vocabulary(one)] == [
            set(b.values()) for b in vocabulary(baseline)
        ]
    labelled = sentences(baseline.trainer.data_loader.iter_instances())
    assert sentences(taught.trainer.data_loader.iter_instances()) == labelled
    of_gold = sentences(gold.trainer.data_loader.iter_instances())
    assert sum(of_gold.values()) == 3 * sum(labelled.values()) and not labelled - of_gold
    num_batches = [len(drawn_by(one)) / 32 for one in (baseline, gold, taught)]
    assert num_batches == [2, 6, 6]
    copies = set(drawn_by(taught)) - set(labelled)
    assert len(copies) > 60  # of 128; the others are labelled sentences as they are


def test_whole_experiment(distilled: Path) -> None:
    rows = json.loads((distilled / "results.json").read_text())
    assert [(row["method"], row["language"]) for row in rows] == [
        (method, language) for method in ["teachers", *METHODS] for language in LANGUAGES
    ]
    assert all(row["split"] == "test" and row["seed"] == 1 for row in rows)
    for row in rows:
        counts = row["counts"]
        assert row["value"] == counts["right"] / counts["true"] and counts["sentences"] > 20
        assert 0 < row["value"] < 1
    runs = json.loads((distilled / "runs.json").read_text())
    assert {run["status"] for run in runs} == {"finished"} and len(runs) == 3 + len(METHODS)
    updates = {run["method"]: run["costs"].get("updates") for run in runs}
    assert {name: updates[name] for name in METHODS} == {
        name: 4 if name in OF_TEXT else 2 for name in METHODS
    }
    assert "pseudo_label_text" in (distilled / "report.html").read_text(encoding="utf-8")


def test_pseudo_labels_are_the_best_paths_of_the_teachers(distilled: Path) -> None:
    training = TaughtTraining(str(distilled / "seed-1" / "pseudo_label_text.json"))
    assert training.request == KnowledgeRequest(frozenset(["paths"]), num_paths=1)
    store = LmdbKnowledgeStore(str(distilled / "seed-1" / "knowledge"))
    store.open("")
    for language in LANGUAGES:
        questions = [one for one in training.questions() if one.language == language]
        assert len(questions) == 72  # labelled and not
        source = training.fingerprints()[language]
        known = store.read(source, [one.key for one in questions], training.request)
        archive = load_archive(str(distilled / "seed-1" / "teachers" / language / "model.tar.gz"))
        instances = [
            archive.validation_dataset_reader.text_to_instance(list(one.words)) for one in questions
        ]
        for instance in instances:
            archive.validation_dataset_reader.apply_token_indexers(instance)
        archive.model.eval()
        predicted = [output["tags"] for output in archive.model.forward_on_instances(instances)]
        labels = store.labels(source)
        assert labels is not None and len({tag for path in predicted for tag in path}) > 1
        for one, tags in zip(known, predicted):
            assert one is not None and one.paths is not None
            assert [labels[tag] for tag in one.paths[0]] == tags
    store.close()


@pytest.mark.parametrize("name", ["teachers/en", "baseline_equal_updates", "posterior_text"])
def test_estimates_count_the_updates(
    name: str, distilled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a clock that ticks once an update, a run takes as many seconds as it made updates."""
    ticks: List[bool] = []
    step = estimate._step

    def tick(trainer: Any, batch: Any, training: bool) -> None:
        step(trainer, batch, training)
        ticks.extend([True] if training else [])

    monkeypatch.setattr(estimate, "_step", tick)
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: float(len(ticks)))
    config = json.loads((distilled / "seed-1" / f"{name}.json").read_text())
    run = Run(f"seed-1/{name}", name, 1, None, config, [], {})
    runs = json.loads((distilled / "runs.json").read_text())
    (costs,) = [one["costs"] for one in runs if one["name"] == run.name]
    assert estimate.Estimates(str(tmp_path), [run])(run) == costs["updates"]
