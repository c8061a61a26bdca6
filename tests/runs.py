"""Small trainings that several tests look at; each is done once a session."""

import json
import logging
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional
from unittest import mock

import pytest
import torch
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.models import Model

import skd_plugin  # noqa: F401 (registers)
from skd_plugin.teachers import ArchiveTeacher, Ensemble

ROOT = Path(__file__).parent.parent
NER = ROOT / "fixtures" / "ner"
LANGUAGES = ["en", "ru"]


def tagger_config(languages: List[str], **model: Any) -> Dict[str, Any]:
    """A tagger that trains in a second."""
    paths = {
        split: {language: str(NER / language / f"{split}.txt") for language in languages}
        for split in ("train", "dev")
    }
    return {
        "dataset_reader": {
            "type": "conll_tagging",
            "source_encoding": "BIO",
            "max_sentences_per_file": 40,
        },
        "train_data_path": paths["train"],
        "validation_data_path": paths["dev"],
        "model": {
            "type": "distilled_crf_tagger",
            "label_encoding": "BIO",
            "text_field_embedder": {
                "token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 12}}
            },
            "encoder": {"type": "lstm", "input_size": 12, "hidden_size": 8, "bidirectional": True},
            **model,
        },
        "data_loader": {"batch_size": 16, "shuffle": True},
        "trainer": {
            "optimizer": {"type": "adam", "lr": 0.01},
            "num_epochs": 2,
            "validation_metric": "+macro_f1",
            "cuda_device": -1,
        },
    }


def student_config(
    teachers: Path, losses: Optional[List[Dict[str, Any]]] = None, store: Any = None
) -> Dict[str, Any]:
    """A student of the teachers in a folder."""
    config = tagger_config(
        LANGUAGES,
        teachers={
            language: [{"archive_file": str(teachers / language / "model.tar.gz")}]
            for language in LANGUAGES
        },
        losses=losses or [{"type": "posterior"}, {"type": "weighted_top_k", "k": 3}],
    )
    callback: Dict[str, Any] = {"type": "cache_teacher_knowledge"}
    if store is not None:
        callback["store"] = store
    config["trainer"]["callbacks"] = [callback]
    return config


def train(config: Dict[str, Any], folder: Path, **options: Any) -> Model:
    """Trains as `allennlp train` does, in this process."""
    with logging_kept():
        model = train_model(Params(json.loads(json.dumps(config))), str(folder), **options)
    assert model is not None
    return model


def metrics_of(folder: Path) -> Dict[str, Any]:
    """The metrics of a training, without those of time and memory."""
    metrics = json.loads((folder / "metrics.json").read_text())
    return {
        name: value
        for name, value in metrics.items()
        if "memory" not in name and "duration" not in name
    }


def allennlp(*arguments: Any) -> None:
    """Runs an `allennlp` command in this process, which has imported this plugin; all others take half a second."""
    argv = ["allennlp", *map(str, arguments)]
    with mock.patch("allennlp.commands.import_plugins"), mock.patch.object(sys, "argv", argv):
        with logging_kept():
            main()


@contextmanager
def logging_kept() -> Iterator[None]:
    """AllenNLP's commands replace the handlers of the root logger."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained teacher of each language."""
    folder = tmp_path_factory.mktemp("teachers")
    for language in LANGUAGES:
        train(tagger_config([language]), folder / language)
    return folder


@pytest.fixture(scope="session")
def student(teachers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The serialization directory of a trained student."""
    folder = tmp_path_factory.mktemp("student") / "run"
    train(student_config(teachers), folder)
    return folder


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """The archives that were loaded as teachers, in order."""
    paths: List[str] = []
    load = ArchiveTeacher.load

    def spy(self: ArchiveTeacher, device: Any) -> None:
        paths.append(self._archive_file)
        load(self, device)

    monkeypatch.setattr(ArchiveTeacher, "load", spy)
    return paths


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> List[int]:
    """How many sentences teachers were asked about."""
    counts: List[int] = []
    teach = Ensemble.teach

    def spy(self: Ensemble, sentences: Any, request: Any) -> Any:
        counts.append(len(sentences))
        return teach(self, sentences, request)

    monkeypatch.setattr(Ensemble, "teach", spy)
    return counts


def tiny_config(config_class: Any, vocab_size: int, **more: Any) -> Any:
    """Of a transformer with the fewest weights that still say something."""
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return config_class(vocab_size=vocab_size, intermediate_size=32, **{**size, **more})


@pytest.fixture(scope="session")
def tiny_transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of random weights and a vocabulary of characters; under 300 KB."""
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny-bert")
    text = "".join(
        (NER / language / "train.txt").read_text(encoding="utf-8") for language in LANGUAGES
    )
    characters = sorted(set(text.lower()) - set(" \n"))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *characters, *(f"##{character}" for character in characters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(folder)
    torch.manual_seed(0)
    config = tiny_config(BertConfig, len(vocabulary))
    BertModel(config).save_pretrained(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000
    return folder


@pytest.fixture
def three_layers(tiny_transformer: Path, tmp_path: Path) -> Path:
    """A folder with such a BERT of three layers."""
    from transformers import BertConfig, BertModel

    folder = tmp_path / "three-layers"
    shutil.copytree(tiny_transformer, folder)
    torch.manual_seed(0)
    config = BertConfig.from_pretrained(tiny_transformer, num_hidden_layers=3)
    BertModel(config).save_pretrained(folder)
    return folder
