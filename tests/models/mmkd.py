"""Small trainings of an `mmkd_encoder`."""

from pathlib import Path
from typing import Any, Dict

import torch

from tests.runs import ROOT, tiny_config

PARALLEL = ROOT / "fixtures" / "parallel"
OBJECTIVES = [
    {"type": "translation_language_modeling"},
    {"type": "word_contrastive"},
    {"type": "sentence_alignment"},
    {"type": "structure_alignment"},
]


def mmkd_config(teacher: Path, store: Any = None, **model: Any) -> Dict[str, Any]:
    """An encoder that trains in some seconds."""
    callback: Dict[str, Any] = {"type": "cache_sentence_embeddings"}
    if store is not None:
        callback["store"] = store
    return {
        "dataset_reader": {"type": "parallel_text"},
        "train_data_path": str(PARALLEL / "train.tsv"),
        "validation_data_path": str(PARALLEL / "dev.tsv"),
        "model": {
            "type": "mmkd_encoder",
            "text_field_embedder": {
                "token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 12}}
            },
            "encoder": {"type": "lstm", "input_size": 12, "hidden_size": 8, "bidirectional": True},
            "teacher": {"model_name": str(teacher)},
            "objectives": OBJECTIVES,
            **model,
        },
        "data_loader": {"batch_sampler": {"type": "language_pairs", "batch_size": 16}},
        "validation_data_loader": {"batch_size": 32},
        "trainer": {
            "optimizer": {"type": "adam", "lr": 0.01},
            "num_epochs": 2,
            "validation_metric": "+macro_cosine_mrr",
            "cuda_device": -1,
            "callbacks": [callback],
        },
    }


def make_teacher(folder: Path) -> Path:
    """A BERT of random weights that knows the English words by themselves: sentences that share words are alike."""
    from transformers import BertConfig, BertModel, BertTokenizer

    lines = (PARALLEL / "train.tsv").read_text(encoding="utf-8").splitlines()
    english = " ".join(line.split("\t")[0] for line in lines[1:]).lower().replace(".", " .")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *sorted(set(english.split()))]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = tiny_config(BertConfig, len(vocabulary), hidden_size=32, initializer_range=1.0)
    BertModel(config).save_pretrained(folder)
    return folder
