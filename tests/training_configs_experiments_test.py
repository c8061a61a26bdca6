"""Every shipped experiment is read at both sizes, and its trainings are built, on small files."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import prepare_environment

from skd_plugin.experiments import Experiment
from skd_plugin.experiments.experiment import Run
from tests.runs import ROOT
from tests.shipped_experiments import EXPERIMENTS, FOUR, LABELLED, METHODS, given, lay_out

FOLDER = ROOT / "training_configs" / "experiments"
ALL = pytest.mark.parametrize("name", sorted(EXPERIMENTS))
Read = Callable[..., Experiment]
Runs = Callable[..., List[Any]]  # of `Run`, whose config may be `None`


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of each task."""
    folder = tmp_path_factory.mktemp("data")
    for task in {shipped.task for shipped in EXPERIMENTS.values()}:
        lay_out(folder / task, task)
    return folder


@pytest.fixture(scope="module")
def read(data: Path) -> Read:
    """Reads an experiment, with settings; each once, since it takes a moment."""

    @lru_cache(maxsize=None)
    def experiment(name: str, **settings: str) -> Experiment:
        with given(data, name, settings):
            return Experiment(str(FOLDER / f"{name}.jsonnet"), "out")

    return experiment


@pytest.fixture(scope="module")
def runs(data: Path, read: Read) -> Runs:
    """The runs of the first seed of an experiment; the others are alike."""

    @lru_cache(maxsize=None)
    def of_first_seed(name: str, **settings: str) -> List[Run]:
        experiment = read(name, **settings)
        with given(data, name, settings):
            return experiment._runs_of(1)

    return of_first_seed


@pytest.mark.parametrize("size", ["hour", "full"])
@ALL
def test_what_it_says(name: str, size: str, read: Read) -> None:
    shipped, experiment = EXPERIMENTS[name], read(name, SKD_SIZE=size)
    num_seeds = shipped.num_seeds if size == "hour" or name == "demo" else 5
    assert experiment.seeds == list(range(1, num_seeds + 1))
    assert experiment.metric == ("accuracy" if shipped.task in ("ud_pos", "ud_paper") else "f1")
    assert experiment.languages("test") == shipped.languages
    assert experiment.languages("zero_shot") == shipped.zero_shot
    experiment.check_files()
    groups: Dict[Any, List[str]] = {}
    for method in experiment.methods:
        groups.setdefault(method.group, []).append(method.name)
    assert groups == shipped.methods and list(groups) == list(shipped.methods)
    further = [f"teachers_{row}" for row in shipped.further_teachers]
    assert [row.name for row in experiment.teachers] == ["teachers", *further]


def check_built(run: Run, folder: Path) -> None:
    config = json.loads(json.dumps(run.config))
    (seed,) = {config[f"{kind}_seed"] for kind in ("random", "numpy", "pytorch")}
    assert seed == {"teachers_2": 1001, "teachers_3": 2001}.get(run.method, 1)
    assert config["evaluate_on_test"] is False and "test_data_path" not in config
    prepare_environment(Params(config))
    params = Params({key: config[key] for key in config if not key.endswith("_seed")})
    loop: Any = TrainModel.from_params(params=params, serialization_dir=str(folder), local_rank=0)
    batch = next(iter(loop.trainer.data_loader))
    assert batch.keys() >= {"tokens", "tags", "metadata"}
    if run.language:
        assert {one["language"] for one in batch["metadata"]} == {run.language}
        assert loop.model(**batch)["loss"].isfinite()


@ALL
def test_trainings_are_built(name: str, runs: Runs, tmp_path: Path) -> None:
    of_text = name == "unlabeled" or name.startswith("results")
    more = {"SKD_TRAIN_SENTENCES": "4"} if of_text else {}  # the rest is without tags
    some = [run for run in runs(name, SKD_SIZE="hour", **more) if run.config is not None]
    if EXPERIMENTS[name].methods is LABELLED and name != "demo":  # whose methods are all built
        some = [run for run in some if not run.needs] + some[-1:]
    for number, run in enumerate(some):
        check_built(run, tmp_path / str(number))


@pytest.mark.parametrize("name", ["absa", "ud_pos", "weaker_teachers"])
def test_trainings_of_full_size_are_built(name: str, runs: Runs, tmp_path: Path) -> None:
    for number in (0, -1):
        check_built(runs(name, SKD_SIZE="full")[number], tmp_path / str(number))


@ALL
def test_students_find_their_teachers(name: str, runs: Runs) -> None:
    of_first_seed = runs(name, SKD_SIZE="hour")
    teachers = [run for run in of_first_seed if run.method.startswith("teachers")]
    taught = [run for run in of_first_seed if run.method != "knowledge" and run.needs]
    methods = [method for group in EXPERIMENTS[name].methods.values() for method in group]
    assert [run.method for run in taught] == [
        method for method in methods if not method.startswith("baseline")
    ]
    for run in taught:
        (callback,) = run.config["trainer"]["callbacks"]
        assert callback["store"] == {"type": "lmdb", "path": "out/seed-1/knowledge"}
        rows = ["teachers_weak" if run.method.endswith("_weak") else "teachers"]
        if run.method.endswith("_ensemble"):
            rows = ["teachers", "teachers_2", "teachers_3"]
        of_languages = run.config["model"]["teachers"]
        assert of_languages == {
            language: [
                {"archive_file": f"out/{one.name}/model.tar.gz"}
                for row in rows
                for one in teachers
                if (one.method, one.language) == (row, language)
            ]
            for language in EXPERIMENTS[name].languages
        }
        assert {len(some) for some in of_languages.values()} == {len(rows)}


@pytest.mark.parametrize("name, number", [("k_value", 12), ("temperature", 8)])
def test_ablations_vary_what_they_say(name: str, number: int, read: Read, runs: Runs) -> None:
    students = [run for run in runs(name, SKD_SIZE="hour") if run.config and not run.language]
    configs = {run.method: run.config for run in students}
    varied = [method for method in read(name, SKD_SIZE="hour").methods if method.ablation]
    assert len(varied) == number
    for method in varied:
        assert method.ablation is not None and method.against == ["baseline"]
        of, parameter, value = (method.ablation[key] for key in ("of", "parameter", "value"))
        assert method.name == f"{of}_{value}" and method.group == of
        assert configs[method.name]["model"]["losses"] == [{"type": of, parameter: value}]


def test_whom_methods_are_compared_with(read: Read) -> None:
    methods = read("unlabeled", SKD_SIZE="hour").methods
    controls = ["baseline", "baseline_equal_updates", "pseudo_label_text"]
    assert {method.name: method.against for method in methods} == {
        "baseline": [],
        "posterior": ["baseline"],
        "structural": ["baseline"],
        "baseline_equal_updates": ["baseline"],
        "pseudo_label_text": ["baseline", "baseline_equal_updates"],
        **{f"{name}_text": controls for name in METHODS},
    }


@pytest.mark.parametrize("name, sentences", [("ud_pos", 500), ("absa", 1000)])
def test_sizes(name: str, sentences: int, runs: Runs) -> None:
    for size, of in {"hour": (sentences, 300, 128, 48), "full": (None, None, 128, 128)}.items():
        for number, hidden_size in zip((0, -1), of[2:]):  # a teacher, and a student
            config = runs(name, SKD_SIZE=size)[number].config
            assert config["dataset_reader"]["max_sentences_per_file"] == of[0]
            assert config["validation_dataset_reader"]["max_sentences_per_file"] == of[1]
            assert config["model"]["encoder"]["hidden_size"] == hidden_size


@pytest.mark.parametrize(
    "settings, sentences",
    [
        ({"SKD_SIZE": "hour"}, 125),
        ({"SKD_SIZE": "full"}, 1000),
        ({"SKD_TRAIN_SENTENCES": "90"}, 23),
    ],
)
def test_weak_teachers(settings: Dict[str, str], sentences: int, runs: Runs) -> None:
    some = runs("weaker_teachers", **settings)
    weak = {run.name: run.config for run in some if run.method == "teachers_weak"}
    assert list(weak) == [f"seed-1/teachers/weak/{language}" for language in FOUR]
    for config in weak.values():
        assert config["dataset_reader"]["max_sentences_per_file"] == sentences
        assert config["model"]["encoder"]["hidden_size"] == 16


@pytest.mark.parametrize("name", ["ud_pos", "zero_shot"])
def test_zero_shot_languages_can_be_chosen(name: str, read: Read) -> None:
    for chosen, expected in {"none": [], "tr,uk": ["tr", "uk"]}.items():
        assert read(name, SKD_ZERO_SHOT=chosen).languages("zero_shot") == expected


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"SKD_SIZE": "hours"}, "SKD_SIZE: expected hour or full"),
        ({"SKD_ZERO_SHOT": "xx"}, 'no test treebank of "xx" in ud_pos/task.libsonnet'),
    ],
)
def test_faults(settings: Dict[str, str], message: str, read: Read) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read("ud_pos", **settings)
    assert str(raised.value).startswith(f"{FOLDER}/ud_pos.jsonnet: RUNTIME ERROR: {message}\n")
