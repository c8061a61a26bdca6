"""Bytes a token on disk."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import torch

from benchmarks.knowledge_corpus import Corpus
from benchmarks.knowledge_models import instances_of, teacher_size
from benchmarks.knowledge_teachers import (
    CPU,
    PATHS_AND_POSTERIORS,
    RandomTeacher,
    fill,
    questions_of,
    teacher_of,
)
from skd_plugin.knowledge import KnowledgeRequest, LmdbKnowledgeStore
from skd_plugin.knowledge.merging import merge_store
from skd_plugin.knowledge.summary import summarize
from skd_plugin.teachers import Question, Teacher

TRAINED, RANDOM = "trained", "random"
HEADLINE = "posteriors and 10 paths"
CONTENTS = {
    HEADLINE: PATHS_AND_POSTERIORS,
    "posteriors and expected transitions": KnowledgeRequest(
        frozenset(["posteriors", "expected_transitions"])
    ),
    "emissions and transitions": KnowledgeRequest(frozenset(["emissions", "transitions"])),
}


class Teaching(NamedTuple):
    """
    Who answered, and how sure they were.

    # Parameters

    teacher : `str`
        "trained" or "random".
    num_tags : `int`
    accuracy : `float`
    entropy : `float`
        Of the posteriors of a token, in nats, in the mean.
    """

    teacher: str
    num_tags: int
    accuracy: float
    entropy: float


class Stored(NamedTuple):
    """
    What a store takes, in bytes a token.

    # Parameters

    teaching : `Teaching`
    content : `str`
    num_tokens : `int`
    built, merged : `float`
        The database as it was filled, and after its content was copied into a new one.
    fields : `Dict[str, float]`
        Of the arrays alone, and "else": checksums, shapes, index, and pages that are not full, as built.
    """

    teaching: Teaching
    content: str
    num_tokens: int
    built: float
    merged: float
    fields: Dict[str, float]


class BytesPlan(NamedTuple):
    """
    How much to measure.

    # Parameters

    tags : `Tuple[int, ...]`
    num_sentences : `int`
        In the store.
    taught : `int`
        Sentences, other ones, that the teacher is trained on.
    teacher_steps : `int`
    """

    tags: Tuple[int, ...]
    num_sentences: int
    taught: int
    teacher_steps: int


def measure_bytes(plan: BytesPlan, folder: Path) -> List[Stored]:
    """For each number of tags, with a teacher that was trained, and with one that guesses."""
    measured = []
    for num_tags in plan.tags:
        torch.manual_seed(0)
        corpus = Corpus(plan.num_sentences, num_tags, seed=1)
        questions = questions_of(instances_of(teacher_size(), corpus))
        lessons = Corpus(plan.taught, num_tags)
        teachers: Dict[str, Teacher] = {
            TRAINED: teacher_of(lessons, plan.teacher_steps, folder / f"teacher-{num_tags}"),
            RANDOM: RandomTeacher(corpus.labels),
        }
        for name, teacher in teachers.items():
            teaching = Teaching(name, num_tags, *_quality(teacher, corpus))
            for number, content in enumerate(CONTENTS):
                path = folder / f"{name}-{num_tags}-{number}"
                measured.append(_measure(teaching, teacher, content, questions, path))
    return measured


def _measure(
    teaching: Teaching, teacher: Teacher, content: str, questions: Sequence[Question], path: Path
) -> Stored:
    store = fill(path / "built", teacher, questions, CONTENTS[content])
    (source,) = summarize(store).sources.values()
    merged = LmdbKnowledgeStore(path / "merged")
    merged.open("")
    merge_store(merged, store)
    for one in (store, merged):
        one.close()

    num_tokens = source.tokens
    sizes = [(path / name / "data.mdb").stat().st_size / num_tokens for name in ("built", "merged")]
    fields = {name: field.bytes / num_tokens for (name, _), field in source.fields.items()}
    fields["else"] = sizes[0] - sum(fields.values())
    return Stored(teaching, content, num_tokens, sizes[0], sizes[1], fields)


def _quality(teacher: Teacher, corpus: Corpus) -> Tuple[float, float]:
    """Accuracy, and mean entropy of posteriors."""
    teacher.load(CPU)
    right = num_tokens = 0
    entropy = 0.0
    sentences = list(corpus)[:500]
    for start in range(0, len(sentences), 50):
        words, tags = zip(*sentences[start : start + 50])
        chain = teacher.distribution(words)
        entropy += float(torch.special.entr(chain.marginals).sum())
        best = chain.top_k(1).paths[:, 0].tolist()
        for path, gold in zip(best, tags):
            right += sum(teacher.labels[tag] == label for tag, label in zip(path, gold))
            num_tokens += len(gold)
    return right / num_tokens, entropy / num_tokens
