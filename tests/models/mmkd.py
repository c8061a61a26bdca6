"""Small trainings of an `mmkd_encoder`."""

from pathlib import Path
from typing import Any, Dict

from tests.runs import ROOT

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
