"""Small trainings on sentence pairs and on questions, without an archived encoder."""

from typing import Any, Dict

from allennlp.data import Batch
from allennlp.models import Model

from tests.runs import ROOT

SUITES = ROOT / "fixtures" / "suites"
WORDS = {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 16}}}
TRANSFORMER = {
    "type": "pytorch_transformer",
    "input_dim": 16,
    "num_layers": 1,
    "num_attention_heads": 2,
    "feedforward_hidden_dim": 32,
    "positional_encoding": "sinusoidal",
    "dropout_prob": 0.0,
}


def _config(reader: Dict[str, Any], path: str, model: Dict[str, Any]) -> Dict[str, Any]:
    """Learns a file of some instances by heart, in seconds."""
    return {
        "dataset_reader": reader,
        "train_data_path": {"en": str(SUITES / path)},
        "validation_data_path": {"en": str(SUITES / path)},
        "model": {"text_field_embedder": WORDS, "encoder": TRANSFORMER, **model},
        "data_loader": {"batch_size": 16, "shuffle": True},
        "trainer": {
            "optimizer": {"type": "adam", "lr": 0.005},
            "num_epochs": 100,
            "cuda_device": -1,
            "enable_default_callbacks": False,
        },
    }


def pair_config(path: str = "paws_x/en/train.tsv", **model: Any) -> Dict[str, Any]:
    config = _config({"type": "sentence_pairs"}, path, {"type": "pair_classifier", **model})
    config["trainer"]["validation_metric"] = "+macro_accuracy"
    return config


def question_config(**model: Any) -> Dict[str, Any]:
    """Passages are read in three windows or so."""
    reader = {"type": "squad_questions", "window": 12, "overlap": 5}
    path = "xquad/train-v1.1.json"
    config = _config(reader, path, {"type": "answer_finder", **model})
    config["trainer"]["validation_metric"] = "+macro_em"
    return config


def batch_of(model: Model, reader: Any, instances: Any) -> Any:
    """The tensors of instances."""
    for instance in instances:
        reader.apply_token_indexers(instance)
    batch = Batch(instances)
    batch.index_instances(model.vocab)
    return batch.as_tensor_dict()
