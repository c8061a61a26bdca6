"""What the shipped experiments are meant to be, and small data of each."""

from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple

import pytest

from tests.layouts import TREEBANKS, write_ner, write_ud_pos, write_zero_shot
from tests.training_configs_paper_test import PAPER, SPLITS, WRITERS

METHODS = ["emission", "top_k", "weighted_top_k", "posterior", "posterior_top_wk", "structural"]
LABELLED = {"labelled text": ["baseline", *METHODS]}
OF_TEXT = ["baseline_equal_updates", "pseudo_label_text", *(f"{name}_text" for name in METHODS)]
K_VALUES, TEMPERATURES = [1, 2, 5, 10, 20, 50], [1, 2, 4, 8]
FOUR = ["en", "fa", "he", "id"]
OF_TEST = ["bg", "de", "es", "eu", "tr", "uk"]

OF_PERTURBED = ["baseline", "pseudo_label", "posterior"]
WHOLE = {
    "labelled text": ["baseline", "token", *METHODS, "pseudo_label"],
    "with perturbed labelled text": [f"{name}_perturbed" for name in OF_PERTURBED],
    "with unlabelled text": [*OF_TEXT[:2], "token_text", *OF_TEXT[2:]],
}


class Shipped(NamedTuple):
    """
    What an experiment is of: a task, languages, methods by group, languages for zero-shot, seeds of an hour, and
    further teachers.
    """

    task: str
    languages: List[str]
    methods: Dict[str, List[str]] = LABELLED
    zero_shot: List[str] = []
    num_seeds: int = 2
    further_teachers: List[str] = []


EXPERIMENTS = {
    **{task: Shipped(task, languages) for task, languages in PAPER.items()},
    "absa": Shipped("absa", ["ca", "eu", "no"], num_seeds=3),
    "demo": Shipped("demo", ["de", "en", "ru", "zh"]),
    "k_value": Shipped(
        "ud_pos",
        FOUR,
        {
            "labelled text": ["baseline", "structural"],
            "top_k": [f"top_k_{k}" for k in K_VALUES],
            "weighted_top_k": [f"weighted_top_k_{k}" for k in K_VALUES],
        },
    ),
    "ner": Shipped("ner", ["de", "en", "es", "nl"]),
    "results_ner": Shipped(
        "ner",
        ["hr", "ru", "zh"],
        {name: methods for name, methods in WHOLE.items() if "perturbed" not in name},
        ["de", "en", "sr"],
        num_seeds=5,
    ),
    "results_ud_pos": Shipped("ud_pos", FOUR, WHOLE, OF_TEST, num_seeds=5),
    "teacher_ensembles": Shipped(
        "ud_pos",
        FOUR,
        {**LABELLED, "of 3 teachers a language": [f"{name}_ensemble" for name in METHODS]},
        further_teachers=["2", "3"],
    ),
    "temperature": Shipped(
        "ud_pos",
        FOUR,
        {
            "labelled text": ["baseline"],
            "emission": [f"emission_{temperature}" for temperature in TEMPERATURES],
            "posterior": [f"posterior_{temperature}" for temperature in TEMPERATURES],
        },
    ),
    "ud_pos": Shipped("ud_pos", sorted(TREEBANKS), zero_shot=OF_TEST, num_seeds=2),
    "unlabeled": Shipped(
        "ud_pos",
        FOUR,
        {"labelled text": ["baseline", "posterior", "structural"], "with unlabelled text": OF_TEXT},
    ),
    "weaker_teachers": Shipped(
        "ud_pos",
        FOUR,
        {**LABELLED, "of weak teachers": [f"{name}_weak" for name in METHODS]},
        further_teachers=["weak"],
    ),
    "zero_shot": Shipped("ner", ["de", "en", "es", "nl"], zero_shot=["fr", "ru"]),
}


def lay_out(folder: Path, task: str) -> None:
    """Data of a task, as its file describes them; few, so that what reads them is built at once."""
    writers = {"ud_pos": write_ud_pos, "demo": write_ner, "ner": write_ner, **WRITERS}
    languages = {one for of in EXPERIMENTS.values() if of.task == task for one in of.languages}
    for language in sorted(languages):
        for split in SPLITS:
            writers[task](folder, language, split)
    if task == "ud_pos":
        write_zero_shot(folder)
    if task == "ner":
        for experiment in EXPERIMENTS.values():
            for language in experiment.zero_shot if experiment.task == "ner" else []:
                write_ner(folder, language, "test")
    for file in folder.rglob("*.conllu" if task.startswith("ud") else "*.txt"):
        sentences = file.read_text(encoding="utf-8").split("\n\n")
        number = 20 if "train" in file.stem else 4
        file.write_text("\n\n".join([*sentences[:number], ""]), encoding="utf-8")


@contextmanager
def given(data: Path, name: str, settings: Dict[str, str]) -> Iterator[None]:
    """The environment of an experiment."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {"SKD_DATA": str(data / EXPERIMENTS[name].task), **settings}.items():
            patch.setenv(variable, value)
        yield
