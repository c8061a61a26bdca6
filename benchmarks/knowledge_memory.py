"""The most memory while caching and while training, of corpora of several sizes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
from allennlp.data import Vocabulary

from benchmarks.knowledge_corpus import Corpus
from benchmarks.knowledge_models import (
    ROOT,
    Config,
    instances_of,
    shipped_losses,
    tiny_size,
    vocabulary_of,
)
from benchmarks.knowledge_teachers import train_teacher

NUM_TAGS = 20
TAUGHT = 1000


class Memory(NamedTuple):
    """
    The memory of a process that trains for one epoch, at its peak, in bytes.

    # Parameters

    num_sentences : `int`
    distilled : `bool`
        Whether it first caches, and then distils, or learns from gold tags alone.
    phase : `str`
        "caching" (without teachers: what comes before the first batch) or "training".
    anonymous, mapped : `int`
        The process' own memory, and pages of files: of libraries, and of the store.
    before : `Dict[str, int]`
        Both, when all was imported and nothing done.
    whole : `int`
        Both kinds together at their peak, of all phases, as the kernel counts it.
    seconds : `float`
    stored : `int`
        Size of the database.
    """

    num_sentences: int
    distilled: bool
    phase: str
    anonymous: int
    mapped: int
    before: Dict[str, int]
    whole: int
    seconds: float
    stored: int


class MemoryPlan(NamedTuple):
    """
    How much to measure.

    # Parameters

    sizes : `Tuple[int, ...]`
        Numbers of sentences.
    held : `int`
        How many of them the data loader may hold.
    """

    sizes: Tuple[int, ...]
    held: int


class Run(NamedTuple):
    """A training: of how many sentences, with or without teachers, and the folder of its corpus."""

    num_sentences: int
    distilled: bool
    folder: Path

    def path(self, name: str) -> Path:
        """A file or folder of its own."""
        return self.folder / f"{'distilled' if self.distilled else 'plain'}-{name}"


def measure_memory(plan: MemoryPlan, folder: Path) -> List[Memory]:
    """Each size with and without teachers."""
    torch.manual_seed(0)
    size, lessons = tiny_size(), Corpus(TAUGHT, NUM_TAGS, is_short=True, seed=1)
    instances = instances_of(size, lessons)
    train_teacher(size, vocabulary_of(instances), instances, 30, folder / "teacher")
    runs = [
        Run(num_sentences, distilled, folder / str(num_sentences))
        for num_sentences in plan.sizes
        for distilled in (False, True)
    ]
    for run in runs:
        if not run.distilled:
            _write_corpus(Corpus(run.num_sentences, NUM_TAGS, is_short=True), run.folder)
        config = _config(run.folder, plan.held, folder / "teacher" if run.distilled else None)
        run.path("config.json").write_text(json.dumps(config), encoding="utf-8")
    _run_all(runs, folder)
    return [memory for run in runs for memory in _memories(run)]


def _write_corpus(corpus: Corpus, folder: Path) -> None:
    """With all words and tags beside it, so that nobody reads the corpus for them."""
    folder.mkdir()
    corpus.write(folder / "train.txt")
    vocabulary = Vocabulary()
    vocabulary.add_tokens_to_namespace(corpus.words, "tokens")
    vocabulary.add_tokens_to_namespace(corpus.labels, "labels")
    vocabulary.save_to_files(str(folder / "vocabulary"))


def _config(folder: Path, held: int, teacher: Optional[Path]) -> Config:
    """A tiny tagger of one epoch; with a teacher, a student of it that needs posteriors and paths."""
    size = tiny_size()
    model, callbacks = dict(size.model), [{"type": "knowledge_memory_cached"}]
    if teacher is not None:
        model["teachers"] = {"en": [{"archive_file": str(teacher)}]}
        model["losses"] = shipped_losses()["posterior_top_wk"]
        callbacks.insert(0, {"type": "cache_teacher_knowledge"})
    return {
        "dataset_reader": size.reader,
        "train_data_path": {"en": str(folder / "train.txt")},
        "vocabulary": {"type": "from_files", "directory": str(folder / "vocabulary")},
        "model": model,
        "data_loader": {
            "batch_size": min(256, held),
            "max_instances_in_memory": held,
            "shuffle": True,
        },
        "trainer": {
            "optimizer": size.optimizer,
            "num_epochs": 1,
            "cuda_device": -1,
            "enable_default_callbacks": False,
            "callbacks": callbacks,
        },
    }


def _run_all(runs: List[Run], folder: Path) -> None:
    """Each in a process of its own; `RuntimeError` with the end of the log if one fails."""
    names = ("config.json", "run", "result.json")
    jobs = [[str(run.path(name)) for name in names] for run in runs]
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    script = str(ROOT / "benchmarks" / "knowledge_memory_run.py")
    command = [sys.executable, "-W", "ignore", script, str(folder / "jobs.json")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    log = folder / "log.txt"
    with open(log, "w", encoding="utf-8") as file:
        code = subprocess.run(command, stdout=file, stderr=file, env=environment).returncode
    if code != 0:
        raise RuntimeError(f"a training failed:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _memories(run: Run) -> List[Memory]:
    found: Dict[str, Any] = json.loads(run.path("result.json").read_text(encoding="utf-8"))
    stored = 0
    if run.distilled:
        stored = (run.path("run") / "knowledge" / "data.mdb").stat().st_size
    return [
        Memory(
            run.num_sentences,
            run.distilled,
            phase,
            found["peaks"][phase]["anonymous"],
            found["peaks"][phase]["mapped"],
            found["peaks"]["before"],
            found["whole"],
            seconds,
            stored,
        )
        for phase, seconds in found["seconds"].items()
    ]
