"""A training step with cached knowledge against the plain one."""

import itertools
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import torch
from allennlp.data import Instance

from benchmarks.knowledge_corpus import Corpus
from benchmarks.knowledge_models import (
    ROOT,
    Size,
    Tensors,
    Training,
    batches_of,
    demo_size,
    instances_of,
    paper_size,
    reader_of,
    shipped_losses,
    teacher_size,
    tensors_of,
    vocabulary_of,
)
from benchmarks.knowledge_teachers import CPU, fill, questions_of, train_teacher
from benchmarks.timing import Call, Timing, take_turns
from skd_plugin.knowledge import CachedKnowledge
from skd_plugin.teachers import Ensemble, Teacher

PLAIN, READING = "plain", "reading of "
PAPER, DEMO = "hidden 600, batch 32, 20 tags", "the demo's student, batch 16, 7 tags"


class Step(NamedTuple):
    """
    What a step costs.

    # Parameters

    size : `str`
        Of the student.
    method : `str`
        "plain", a method of the papers, or "reading of " that: the part of its step that turns keys into tensors.
    timing : `Timing`
        Its ratio is to the plain step.
    """

    size: str
    method: str
    timing: Timing


class StepPlan(NamedTuple):
    """
    How much to measure.

    # Parameters

    sizes : `Dict[str, float]`
        Seconds of rounds for each size.
    least : `int`
        Rounds.
    num_batches : `int`
        That take turns.
    teacher_steps : `int`
    """

    sizes: Dict[str, float]
    least: int
    num_batches: int
    teacher_steps: int


def measure_steps(plan: StepPlan, folder: Path) -> List[Step]:
    """All methods side by side, for each size."""
    steps = []
    for name, budget in plan.sizes.items():
        own = folder / name.replace(" ", "-")
        own.mkdir()
        torch.manual_seed(0)
        calls = _calls(name, plan, own)
        for call in calls.values():
            call()
        timings = take_turns(calls, "cpu", budget, plan.least, 400)
        steps += [Step(name, method, timing) for method, timing in timings.items()]
    return steps


def _calls(name: str, plan: StepPlan, folder: Path) -> Dict[str, Call]:
    """What takes turns, each going through the same batches in the same order."""
    size, its_teacher_size = _sizes(name)
    instances = _sentences(name, size, plan.num_batches)
    vocab = vocabulary_of(instances)
    batches = batches_of(instances, vocab, size.batch_size)[: plan.num_batches]
    teacher = train_teacher(its_teacher_size, vocab, instances, plan.teacher_steps, folder / "t")
    tensors = [tensors_of(batch) for batch in batches]
    calls = {PLAIN: _in_turn(tensors, Training(size, vocab).step)}
    for method, losses in shipped_losses().items():
        training = Training(size, vocab, losses)
        _learn_from(training, teacher, batches, folder / method)
        calls[method] = _in_turn(tensors, training.step)
        calls[READING + method] = _in_turn(tensors, _reading(training))
    return calls


def _sizes(name: str) -> Tuple[Size, Size]:
    """Of student and teacher."""
    if name == PAPER:
        return paper_size(), teacher_size()
    demo = demo_size()
    return demo, demo._replace(batch_size=8)


def _sentences(name: str, size: Size, num_batches: int) -> List[Instance]:
    if name == PAPER:
        return instances_of(size, Corpus(size.batch_size * num_batches, num_tags=20))
    reader = reader_of(size)
    folders = sorted((ROOT / "fixtures" / "ner").iterdir())
    files = {folder.name: str(folder / "train.txt") for folder in folders}
    instances = list(reader.read(files))
    for instance in instances:
        reader.apply_token_indexers(instance)
    return instances


def _learn_from(
    training: Training, teacher: Teacher, batches: Sequence[Sequence[Instance]], folder: Path
) -> None:
    """As the callback does before training, with a store of its own, which stays open."""
    distillation = training.model.distillation
    questions = questions_of(itertools.chain.from_iterable(batches))
    store = fill(folder, teacher, questions, distillation.request)
    languages = {question.language for question in questions}
    distillation.teachers = {language: [teacher] for language in languages}
    source = Ensemble([teacher]).fingerprint
    sources = {language: source for language in languages}
    distillation.learn_from(
        CachedKnowledge(store, sources, distillation.request, training.model.tags)
    )


def _reading(training: Training) -> Any:
    def read(batch: Tensors) -> None:
        knowledge = training.model.distillation._knowledge
        knowledge.batch(batch["metadata"], batch["tags"].size(1), CPU)

    return read


def _in_turn(batches: Sequence[Tensors], call: Any) -> Call:
    """The call with the next batch, each time."""
    following = itertools.cycle(batches)
    return lambda: call(next(following))
