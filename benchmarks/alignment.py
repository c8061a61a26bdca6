"""
How many sentence pairs a second an `mmkd_encoder` learns from, with the teacher's embeddings out of a store and with a
teacher who is asked at every step; on one thread.

    python benchmarks/alignment.py [--quick] [--json FILE]

Student and batches are those of training_configs/mmkd; the teacher has the size of a MiniLM of 6 layers, and random
weights. Sentences have 8 to 24 words, drawn by Zipf's law.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import torch
from allennlp.common import Params
from allennlp.data import Batch, Instance, Vocabulary
from allennlp.models import Model

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.claims import Row, row  # noqa: E402
from benchmarks.training_steps import Pair, milliseconds  # noqa: E402
from skd_plugin.dataset_readers import ParallelTextReader  # noqa: E402
from skd_plugin.knowledge import CachedEmbeddings, LmdbKnowledgeStore  # noqa: E402
from skd_plugin.models import MmkdEncoder  # noqa: E402
from skd_plugin.teachers import Asking, HuggingFaceEncoder, Question  # noqa: E402

GOAL = ">= 1.1"
CPU = torch.device("cpu")
SENTENCES = ("sentence_alignment", "structure_alignment")
LEVELS = {
    "all four levels": ("translation_language_modeling", "word_contrastive", *SENTENCES),
    "the levels of sentences": SENTENCES,
}


class Size(NamedTuple):
    """Of the data, the student, and its teacher."""

    batch_size: int = 64
    num_words: int = 8000
    dim: int = 256
    num_layers: int = 4
    teacher_dim: int = 384
    teacher_layers: int = 6


class AskedAgain:
    """A teacher who reads every batch."""

    def __init__(self, teacher: HuggingFaceEncoder, texts: Dict[str, str]) -> None:
        self._teacher = teacher
        self._texts = texts

    def batch(self, keys: Sequence[str], device: torch.device) -> torch.Tensor:
        return self._teacher.embed([self._texts[key] for key in keys]).float()


def make_teacher(folder: Path, size: Size) -> HuggingFaceEncoder:
    """Of random weights, that knows words by themselves."""
    from transformers import BertConfig, BertModel, BertTokenizer

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *(f"w{number}" for number in range(size.num_words))]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=size.teacher_dim,
        num_hidden_layers=size.teacher_layers,
        num_attention_heads=12,
        intermediate_size=4 * size.teacher_dim,
    )
    BertModel(config).save_pretrained(folder)
    teacher = HuggingFaceEncoder(str(folder))
    teacher.load(CPU)
    return teacher


def make_pairs(size: Size) -> List[Instance]:
    """A batch."""
    generator = torch.Generator().manual_seed(1)
    reader = ParallelTextReader()
    shares = 1 / torch.arange(1, size.num_words + 1).float()

    def sentence(prefix: str) -> str:
        length = int(torch.randint(8, 25, (), generator=generator))
        words = shares.multinomial(length, replacement=True, generator=generator)
        return " ".join(f"{prefix}{number}" for number in words.tolist())

    pairs = [
        reader.text_to_instance(sentence("w"), sentence("x"), "de") for _ in range(size.batch_size)
    ]
    for pair in pairs:
        reader.apply_token_indexers(pair)
    return pairs


def make_student(size: Size, objectives: Sequence[str]) -> MmkdEncoder:
    """As training_configs/mmkd has it, with a vector a word."""
    words = [f"{prefix}{number}" for prefix in "wx" for number in range(size.num_words // 2)]
    vocab = Vocabulary(tokens_to_add={"tokens": words})
    embedder = {"tokens": {"type": "embedding", "embedding_dim": size.dim}}
    encoder = {
        "type": "pytorch_transformer",
        "input_dim": size.dim,
        "num_layers": size.num_layers,
        "num_attention_heads": 4,
        "feedforward_hidden_dim": 4 * size.dim,
        "positional_encoding": "sinusoidal",
    }
    config = {
        "type": "mmkd_encoder",
        "text_field_embedder": {"token_embedders": embedder},
        "encoder": encoder,
        "teacher": {"model_name": "asked elsewhere"},
        "objectives": [{"type": name} for name in objectives],
        "sentence_dim": size.teacher_dim,
    }
    student = Model.from_params(vocab=vocab, params=Params(config))
    assert isinstance(student, MmkdEncoder)
    return student


def steps(folder: Path, size: Size, levels: str) -> Pair:
    """A step with a teacher, and one with a store that knows what the teacher says."""
    torch.manual_seed(1)
    teacher, pairs = make_teacher(folder / "teacher", size), make_pairs(size)
    student = make_student(size, LEVELS[levels])
    metadata = [pair["metadata"].metadata for pair in pairs]  # type: ignore[attr-defined]
    texts = {one["key"]: " ".join(one["pivot_words"]) for one in metadata}
    store = LmdbKnowledgeStore(folder / "store")
    store.open("")
    ask = Asking(store, {"en": teacher}, teacher.request, CPU, is_quiet=True)
    ask(Question("en", one["key"], one["pivot_words"]) for one in metadata)
    teacher.load(CPU)  # who is free when asked once
    batch = Batch(pairs)
    batch.index_instances(student.vocab)
    optimizer = torch.optim.Adam(student.parameters())

    def step(embeddings: Any) -> Callable[[], None]:
        def once() -> None:
            student.teacher_embeddings = embeddings
            optimizer.zero_grad()
            student(**batch.as_tensor_dict())["loss"].backward()
            optimizer.step()

        return once

    cached = CachedEmbeddings(store, teacher.fingerprint, teacher.request)
    return Pair(levels, step(AskedAgain(teacher, texts)), step(cached))


def measured(size: Size, repetitions: int) -> List[Row]:
    """Prints pairs a second; the claims."""
    print("| pairs a second | asked at every step | out of the store | ratio |")
    print("|:---|---:|---:|---:|")
    claims = []
    for levels in LEVELS:
        with tempfile.TemporaryDirectory() as folder:
            asked, cached = milliseconds(steps(Path(folder), size, levels), repetitions)
        rates = [1000 * size.batch_size / time for time in (asked, cached)]
        print(f"| {levels} | {rates[0]:.1f} | {rates[1]:.1f} | {asked / cached:.2f} |", flush=True)
        claim = f"pairs a second with the cache, to those without: {levels}"
        claims.append(row(claim, GOAL, asked / cached))
    return claims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--json", metavar="FILE", help="write the claims there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    claims = measured(Size(), 5 if arguments.quick else 30)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(claims, file, indent=1)


if __name__ == "__main__":
    main()
