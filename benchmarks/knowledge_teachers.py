"""Teachers of the benchmark, what they are asked, and where their knowledge goes."""

import itertools
from pathlib import Path
from typing import Any, Iterable, List, Sequence

import torch
from allennlp.data import Instance, Vocabulary

from benchmarks.knowledge_corpus import Corpus
from benchmarks.knowledge_models import (
    Size,
    Training,
    batches_of,
    bilstm_crf,
    instances_of,
    save,
    teacher_size,
    tensors_of,
    vocabulary_of,
)
from skd_plugin.knowledge import KnowledgeRequest, LmdbKnowledgeStore
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import ArchiveTeacher, Asking, Ensemble, Question, Teacher

CPU = torch.device("cpu")
PATHS_AND_POSTERIORS = KnowledgeRequest(frozenset(["paths", "posteriors"]), 10)


class LoadedTeacher(ArchiveTeacher):
    """An archive that stays loaded: the time of loading it is no part of a measurement."""

    def release(self) -> None:
        pass


class RandomTeacher(Teacher):
    """
    Knows nothing, and is sure of it: its scores are uniform between -10 and 10, so that nothing repeats but, as with
    any teacher, the transitions.

    # Parameters

    labels : `List[str]`
    """

    def __init__(self, labels: List[str]) -> None:
        super().__init__()
        self._labels = sorted(labels)
        self._generator = torch.Generator().manual_seed(0)
        num_tags = len(labels)
        # From tag to tag, of the first, of the last
        self._transitions = [
            self._draw(num_tags, num_tags),
            self._draw(num_tags),
            self._draw(num_tags),
        ]

    @property
    def fingerprint(self) -> str:
        return f"random-{len(self._labels)}"

    @property
    def labels(self) -> List[str]:
        return self._labels

    def distribution(self, sentences: Sequence[Sequence[str]]) -> LinearChain:
        lengths = torch.tensor([len(words) for words in sentences])
        # Shape: (batch_size, num_tokens)
        mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
        # Shape: (batch_size, num_tokens, num_tags)
        emissions = self._draw(*mask.shape, len(self._labels))
        transitions, start, end = self._transitions
        return LinearChain(emissions, transitions, start, end, mask)

    def _draw(self, *shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=self._generator) * 20 - 10


def train_teacher(
    size: Size, vocab: Vocabulary, instances: Sequence[Instance], num_steps: int, folder: Path
) -> ArchiveTeacher:
    """Trains for so many steps, maybe none, and keeps the teacher in a folder."""
    training = Training(size, vocab)
    batches = batches_of(instances, vocab, size.batch_size)
    for batch in itertools.islice(itertools.cycle(batches), num_steps):
        training.step(tensors_of(batch))
    save(training, size, folder)
    return LoadedTeacher(str(folder))


def teacher_of(corpus: Corpus, num_steps: int, folder: Path) -> ArchiveTeacher:
    """A teacher of `teacher_size`, trained on a corpus."""
    size = teacher_size()
    instances = instances_of(size, corpus)
    return train_teacher(size, vocabulary_of(instances), instances, num_steps, folder)


def transformer_size(corpus: Corpus, num_layers: int, dim: int, folder: Path) -> Size:
    """
    A BERT of random weights, with 64 dimensions a head, under a CRF; half of the words are word pieces of their own,
    the others are spelt.

    # Parameters

    corpus : `Corpus`
        Whose words it reads.
    num_layers, dim : `int`
    folder : `Path`
        Where its files go.
    """
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True)
    letters = [chr(number) for number in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces += [f"##{letter}" for letter in letters] + corpus.words[: corpus.num_words // 2]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=dim,
        num_hidden_layers=num_layers,
        num_attention_heads=max(1, dim // 64),
        intermediate_size=4 * dim,
    )
    BertModel(config).save_pretrained(folder)
    tokens = {"type": "pretrained_transformer_mismatched", "model_name": str(folder)}
    encoder = {"type": "pass_through", "input_dim": dim}
    return bilstm_crf({"tokens": tokens}, {"tokens": tokens}, dim, dim, encoder=encoder)


def questions_of(instances: Iterable[Instance]) -> List[Question]:
    """What to ask about sentences."""
    found = []
    for instance in instances:
        metadata: Any = instance.fields["metadata"]
        found.append(Question(*(metadata.metadata[name] for name in ("language", "key", "words"))))
    return found


def fill(
    folder: Path, teacher: Teacher, questions: Sequence[Question], request: KnowledgeRequest
) -> LmdbKnowledgeStore:
    """An open store, new or not, with what a teacher of all languages knows."""
    store = LmdbKnowledgeStore(folder)
    store.open("")
    languages = sorted({question.language for question in questions})
    ensembles = {language: Ensemble([teacher]) for language in languages}
    Asking(store, ensembles, request, CPU, is_quiet=True)(questions)
    return store
