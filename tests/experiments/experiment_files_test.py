"""Whether the files to evaluate on are there, before anything is trained."""

import gzip
import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.experiments import Experiment

Read = Callable[[Dict[str, Any]], Experiment]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads an experiment that is evaluated on some files of the current folder."""
    monkeypatch.chdir(tmp_path)

    def experiment(evaluation: Dict[str, Any]) -> Experiment:
        content = {
            "title": "Files",
            "seeds": [1],
            "methods": [{"name": "baseline", "config": {"model": {}}}],
            "evaluation": evaluation,
        }
        Path("x.jsonnet").write_text(json.dumps(content))
        return Experiment("x.jsonnet", "out")

    return experiment


def test_all_that_are_missing_are_named(read: Read) -> None:
    Path("en.txt").write_text("")
    experiment = read(
        {
            "test": {"de": "reviews.xml#dev", "en": "en.txt", "ru": "ru.txt"},
            "zero_shot": {"fr": "data.zip!fr.txt"},
        }
    )
    with pytest.raises(ConfigurationError) as raised:
        experiment.check_files()
    assert str(raised.value) == (
        "x.jsonnet: evaluation: no such file: reviews.xml#dev, ru.txt, data.zip!fr.txt"
    )


def test_all_kinds_of_paths(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd()))
    for name in ("reviews.xml", "data.zip", "a#b!c.txt", "home.txt"):
        Path(name).write_text("")
    with gzip.open("en.txt.gz", "wb"):
        pass
    paths = [
        "en.txt.gz",
        "reviews.xml#dev",
        "data.zip!fr/test.txt",
        "a#b!c.txt",
        "~/home.txt",
        str(Path("en.txt.gz").resolve()),
        "https://example.org/en.txt",  # which is not asked for
        "hf://owner/data/test.txt",
    ]
    read({"test": {str(number): path for number, path in enumerate(paths)}}).check_files()
