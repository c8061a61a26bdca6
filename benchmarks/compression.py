"""
How much smaller and faster than their teacher the students of XtremeDistil (Mukherjee and Hassan Awadallah, ACL 2020)
are, over its sizes: E features of a word piece and H of each direction of the LSTM (the paper's H; what is behind the
LSTM sees 2 H).

    python benchmarks/compression.py [--quick] [--teacher FOLDER] [--data FILE] [--pieces N] [--threads N] [--json FILE]

The teacher is a token classifier in a folder, or one with random weights in the shape of multilingual BERT base. Prints
a table; of its ratios, more than 1 is smaller or faster than the teacher. Takes about ten minutes, a quick run, with
tiny models, under one. The claims are about the smallest student. How times are taken is said by
`skd_plugin.latency.measuring`: "whole" is from words to tags, "alone" without the way from words to tensors, in which
the paper's numbers are.
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.claims import Row, row  # noqa: E402
from benchmarks.compression_models import (  # noqa: E402
    Shape,
    StudentSize,
    Teacher,
    forms,
    load_teacher,
    save_random_teacher,
    student,
)
from benchmarks.report import claims_table, table  # noqa: E402
from skd_plugin.latency import (  # noqa: E402
    Cell,
    Size,
    TimedModel,
    latency_rows,
    measure,
    read_words,
)

GRID = [
    StudentSize(embedding, hidden) for embedding in (50, 100, 300) for hidden in (100, 200, 600)
]
TINY = [StudentSize(8, 4), StudentSize(16, 8)]
TINY_SHAPE = Shape(layers=2, width=64, heads=2, pieces=2000)
FEWER = 35
FASTER = {1: 16, 32: 51}  # by the size of a batch
LANGUAGES = ("de", "en", "ru", "zh")
HEADER = ["", "parameters", "in embeddings", "times fewer", f"{FEWER} with, pieces", "MB"]
HEADER += [f"batch {size}: {what}" for size in FASTER for what in ("ms", "whole", "alone")]


class Result(NamedTuple):
    """
    Of a model.

    # Parameters

    name : `str`
    size : `Size`
    rows : `Dict[int, Dict[str, Dict[str, Any]]]`
        What `latency_rows` says, by size of batch and part.
    """

    name: str
    size: Size
    rows: Dict[int, Dict[str, Dict[str, Any]]]


def run(
    models: Sequence[TimedModel],
    sentences: Sequence[List[str]],
    threads: int,
    repeats: Optional[int],
) -> List[Result]:
    """All models in turns, the teacher first."""
    names = [model.name for model in models]
    results = [Result(model.name, model.size, {size: {} for size in FASTER}) for model in models]
    for size in FASTER:
        cell = Cell(threads, size, None)
        for one in latency_rows(names, cell, measure(models, sentences, cell, repeats)):
            results[names.index(one["model"])].rows[size][one["part"]] = one
    return results


def line(result: Result, teacher: Size, embedding: int) -> List[str]:
    """Of the table; `embedding` features has a piece."""
    rest = result.size.parameters - result.size.in_embeddings
    pieces = max(0, int((teacher.parameters / FEWER - rest) / embedding)) if embedding else 0
    cells = [result.name, f"{result.size.parameters:,}", f"{result.size.in_embeddings:,}"]
    cells += [f"{teacher.parameters / result.size.parameters:.1f}", f"{pieces:,}" if pieces else ""]
    cells += [f"{result.size.bytes / 1e6:.1f}"]
    for parts in result.rows.values():
        whole, alone = parts["whole"], parts["run"]
        cells += [f"{whole['median_ms']:.2f}", with_interval(whole), with_interval(alone)]
    return cells


def with_interval(one: Dict[str, Any]) -> str:
    """A ratio."""
    return f"{one['ratio']:.1f} ({one['ratio_low']:.1f} to {one['ratio_high']:.1f})"


def claims(results: Sequence[Result]) -> List[Row]:
    """About the forms of one student, behind its teacher."""
    teacher, *students = results
    fewer = teacher.size.parameters / students[0].size.parameters
    found = [row(f"{students[0].name}: times fewer parameters", f">= {FEWER}", fewer)]
    for one in students:
        for size, goal in FASTER.items():
            for part, what in (("whole", "with tokenisation"), ("run", "model alone")):
                claim = f"{one.name}: times faster, batch of {size}, {what}"
                found.append(row(claim, f">= {goal}", one.rows[size][part]["ratio"]))
    return found


def read_sentences(path: Optional[str]) -> List[List[str]]:
    """Of a file, or of all languages of the fixtures; in one order, by chance, so that batches are alike."""
    data = {language: str(ROOT / f"fixtures/ner/{language}/test.txt") for language in LANGUAGES}
    sentences = read_words(path or json.dumps(data))
    random.Random(0).shuffle(sentences)
    return sentences


def teacher_of(arguments: argparse.Namespace, sentences: List[List[str]], folder: Path) -> Teacher:
    """The one in the folder that is given, or a random one, written to `folder`."""
    if arguments.teacher is None:
        save_random_teacher(folder, TINY_SHAPE if arguments.quick else Shape(), sentences)
    return load_teacher(arguments.teacher or str(folder), sentences)


def compare(arguments: argparse.Namespace, folder: Path) -> List[Row]:
    """Prints the table; returns the claims."""
    sentences = read_sentences(arguments.data)
    teacher = teacher_of(arguments, sentences, folder)
    repeats = 5 if arguments.quick else arguments.repeats
    found: List[Row] = []
    print(table(HEADER, []))
    for size in TINY if arguments.quick else GRID:
        archive = student(size, teacher, arguments.pieces)
        models = [teacher.model, *forms(archive, str(size), folder / str(size))]
        results = run(models, sentences, arguments.threads, repeats)
        if not found:
            found = claims(results)
            print(table(line(results[0], teacher.model.size, 0), []).split("\n")[0], flush=True)
        for result in results[1:]:
            one = line(result, teacher.model.size, size.embedding)
            print(table(one, []).split("\n")[0], flush=True)
    return found


def main(given: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, tiny models")
    parser.add_argument("--teacher", metavar="FOLDER", help="a Hugging Face token classifier")
    parser.add_argument("--data", metavar="FILE", help="sentences (default: those of fixtures/ner)")
    parser.add_argument(
        "--pieces",
        type=int,
        metavar="N",
        help="how many word pieces students know (default: all of the teacher's)",
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--repeats", type=int, metavar="N", help="rounds of each measurement")
    parser.add_argument("--json", metavar="FILE", help="write the claims there")
    arguments = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as folder:
        found = compare(arguments, Path(folder))
    print()
    print(claims_table(found))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
