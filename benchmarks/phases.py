"""
What it saves to ask the teacher once for all phases of a training, and not in each again, as XtremeDistil's own code
does: the paper's nine phases on the embedded corpora, with a random transformer as teacher.

    python benchmarks/phases.py [--quick] [--json FILE]
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from allennlp.commands.train import train_model  # noqa: E402
from allennlp.common import Params  # noqa: E402
from allennlp.training import TrainerCallback  # noqa: E402

from benchmarks.claims import row  # noqa: E402
from benchmarks.compression_models import Shape, save_random_teacher  # noqa: E402
from skd_plugin.callbacks import CacheTeacherKnowledge  # noqa: E402
from skd_plugin.dataset_readers import ConllTaggingReader  # noqa: E402
from skd_plugin.knowledge import KnowledgeRequest, MemoryKnowledgeStore  # noqa: E402
from skd_plugin.teachers import HuggingFaceTeacher  # noqa: E402

NER = Path(__file__).parents[1] / "fixtures" / "ner"
LANGUAGES = ["de", "en"]
LAYERS = ["^tag_projection_layer", "^_feedforward", "^encoder", "^text_field_embedder"]
SHAPES = {
    "quick": Shape(1, 32, 2, 2000),
    "full": Shape(6, 384, 12, 30_522),
}  # the full one is MiniLM's


@TrainerCallback.register("forgetful_teacher_knowledge")
class ForgetfulTeacherKnowledge(CacheTeacherKnowledge):
    """Asks anew in every phase, and for that phase alone."""

    def on_start(self, trainer: Any, is_primary: bool = True, **kwargs: Any) -> None:
        self.store = MemoryKnowledgeStore()
        trainer.model.distillation._later = KnowledgeRequest()
        super().on_start(trainer, is_primary, **kwargs)


class Run(NamedTuple):
    """Seconds of a training, and how many sentences its teacher read."""

    seconds: float
    read: int


def phases(updates: int) -> List[Dict[str, Any]]:
    """The nine: hidden states, then logits and then labels, layer by layer."""
    found: List[Dict[str, Any]] = [
        {"name": "states", "data": "unlabeled", "losses": [{"type": "hidden"}]}
    ]
    for stage, losses in (("logits", [{"type": "logits"}]), ("labels", [])):
        data = "unlabeled" if losses else "labeled"
        for last in range(4):
            named = {"name": f"{stage}_{last}", "parameters": LAYERS[: last + 1]}
            found.append({**named, "data": data, "losses": losses})
    trainer = {"num_epochs": 1, "optimizer": {"type": "fused_adam", "lr": 0.003}}
    return [{**phase, "updates_per_epoch": updates, "trainer": trainer} for phase in found]


def config(folder: str, shape: Shape, callback: str, updates: int) -> Dict[str, Any]:
    """A training of the nine phases."""
    reader = {
        "type": "conll_tagging",
        "source_encoding": "BIO",
        "token_indexers": {"pieces": {"type": "word_pieces", "model_name": folder}},
    }
    labeled = {**reader, "max_sentences_per_file": 40}
    paths = {language: str(NER / language / "train.txt") for language in LANGUAGES}
    width = min(50, shape.width)
    pieces = {"type": "word_pieces", "embedding_dim": width}
    layer = {"input_dim": 200, "num_layers": 1, "hidden_dims": shape.width, "activations": "gelu"}
    teacher = [{"type": "huggingface", "model_name": folder}]
    return {
        "dataset_reader": {"type": "semi_supervised", "labeled": labeled, "unlabeled": reader},
        "train_data_path": {"labeled": paths, "unlabeled": paths},
        "model": {
            "type": "distilled_tagger",
            "label_encoding": "BIO",
            "text_field_embedder": {"token_embedders": {"pieces": pieces}},
            "encoder": {"type": "padded_lstm", "input_size": width, "hidden_size": 100},
            "feedforward": layer,
            "teachers": {language: teacher for language in LANGUAGES},
        },
        "data_loader": {"batch_size": 32, "shuffle": True},
        "trainer": {
            "type": "phases",
            "callbacks": [{"type": callback}],
            "phases": phases(updates),
            "cuda_device": -1,
        },
    }


def run(content: Dict[str, Any], counts: List[int]) -> Run:
    """Trains, and looks at the clock and at what the teacher reads."""
    del counts[:]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        train_model(Params(json.loads(json.dumps(content))), str(Path(folder) / "run"))
    return Run(time.perf_counter() - start, sum(counts))


def count_sentences() -> List[int]:
    """How many each batch has that a teacher reads from now on."""
    counts: List[int] = []
    answer = HuggingFaceTeacher.answer

    def counted(self: HuggingFaceTeacher, sentences: Any, layers: Any = ()) -> Any:
        counts.append(len(sentences))
        return answer(self, sentences, layers)

    setattr(HuggingFaceTeacher, "answer", counted)  # noqa: B010
    return counts


def measured(shape: Shape, updates: int) -> List[Run]:
    """Asked once, and in every phase."""
    counts = count_sentences()
    reader = ConllTaggingReader(source_encoding="BIO")
    instances = [one for name in LANGUAGES for one in reader.read(NER / name / "train.txt")]
    sentences = [one.fields["metadata"].metadata["words"] for one in instances]  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        save_random_teacher(Path(folder), shape, sentences)
        callbacks = ["cache_teacher_knowledge", "forgetful_teacher_knowledge"]
        return [run(config(folder, shape, callback, updates), counts) for callback in callbacks]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny teacher, few updates")
    parser.add_argument("--json", metavar="FILE", help="write the claims there")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    size = "quick" if arguments.quick else "full"
    once, again = measured(SHAPES[size], 3 if arguments.quick else 20)
    print("| the teacher is asked | sentences read | seconds of nine phases |\n|:---|---:|---:|")
    print(f"| once | {once.read:,} | {once.seconds:.0f} |")
    print(f"| in every phase that needs it | {again.read:,} | {again.seconds:.0f} |")
    claims = [
        row(
            "sentences that the teacher reads in every phase, over once",
            ">= 5",
            again.read / once.read,
        ),
        row(
            "time with the teacher asked in every phase, over once",
            ">= 1",
            again.seconds / once.seconds,
        ),
    ]
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(claims, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
