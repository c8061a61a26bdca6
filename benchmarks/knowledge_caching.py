"""The caching pass against the teacher's bare forward pass."""

import itertools
from pathlib import Path
from typing import Any, List, NamedTuple, Sequence

import torch
from allennlp.data import Batch, Instance, Token
from allennlp.data.fields import MetadataField, TextField

from benchmarks.knowledge_corpus import Corpus
from benchmarks.knowledge_models import (
    Size,
    instances_of,
    paper_size,
    reader_of,
    teacher_size,
    vocabulary_of,
)
from benchmarks.knowledge_teachers import (
    CPU,
    PATHS_AND_POSTERIORS,
    fill,
    questions_of,
    train_teacher,
    transformer_size,
)
from benchmarks.timing import Timing, take_turns
from skd_plugin.teachers import Question

TOKENS_PER_BATCH = 2048
BILSTM, TRANSFORMER, SMALL = "BiLSTM, hidden 600", "transformer", "the demo's teacher"


class Caching(NamedTuple):
    """
    What caching costs.

    # Parameters

    teacher : `str`
    num_tokens : `int`
    forward : `Timing`
        Words to tensors to scores of tags.
    caching : `Timing`
        Its ratio is to `forward`.
    """

    teacher: str
    num_tokens: int
    forward: Timing
    caching: Timing


class CachingPlan(NamedTuple):
    """
    How much to measure.

    # Parameters

    num_sentences : `int`
        At most so many that they are sorted at once.
    num_layers, dim : `int`
        Of the transformer.
    budget : `float`
        Seconds of rounds a teacher.
    least : `int`
        Rounds.
    """

    num_sentences: int
    num_layers: int
    dim: int
    budget: float
    least: int


def measure_caching(plan: CachingPlan, folder: Path) -> List[Caching]:
    """One teacher after another, with random weights: what they say does not change how long it takes."""
    corpus = Corpus(plan.num_sentences, num_tags=20)
    transformer = transformer_size(corpus, plan.num_layers, plan.dim, folder / "transformer")
    sizes = {
        BILSTM: paper_size(),
        f"{TRANSFORMER}, {plan.num_layers} layers of {plan.dim}": transformer,
        SMALL: teacher_size(),
    }
    measured = []
    for name, size in sizes.items():
        torch.manual_seed(0)
        instances = instances_of(size, corpus)
        vocab = vocabulary_of(instances)
        teacher = train_teacher(size, vocab, instances, 0, folder / f"{name} teacher")
        teacher.load(CPU)
        timings = _measure(teacher, size, questions_of(instances), plan, folder / f"{name} stores")
        num_tokens = sum(len(words) for words, _ in corpus)
        measured.append(Caching(name, num_tokens, timings["forward"], timings["caching"]))
    return measured


def _measure(
    teacher: Any, size: Size, questions: Sequence[Question], plan: CachingPlan, folder: Path
) -> Any:
    number = itertools.count()
    bare = BareForward(teacher._model, reader_of(size).token_indexers)
    sentences = [question.words for question in questions]

    def cache() -> None:
        path = folder / str(next(number))
        fill(path, teacher, questions, PATHS_AND_POSTERIORS).close()

    calls = {"forward": lambda: bare(sentences), "caching": cache}
    for call in calls.values():
        call()
    return take_turns(calls, "cpu", plan.budget, plan.least)


class BareForward:
    """
    Runs a tagger over sentences and drops what it says.

    # Parameters

    model : `Tagger`
    token_indexers : `Dict[str, TokenIndexer]`
    """

    def __init__(self, model: Any, token_indexers: Any) -> None:
        self._model = model
        self._token_indexers = token_indexers

    @torch.no_grad()
    def __call__(self, sentences: Sequence[List[str]]) -> None:
        """In batches of so many tokens, the longest first, as they are cached."""
        ordered = sorted(sentences, key=len, reverse=True)
        while ordered:
            num_sentences = max(1, TOKENS_PER_BATCH // len(ordered[0]))
            batch = Batch([self._instance(words) for words in ordered[:num_sentences]])
            batch.index_instances(self._model.vocab)
            self._model(**batch.as_tensor_dict(), decode=False)
            ordered = ordered[num_sentences:]

    def _instance(self, words: List[str]) -> Instance:
        tokens = TextField([Token(word) for word in words], self._token_indexers)
        return Instance({"tokens": tokens, "metadata": MetadataField({"words": words})})
