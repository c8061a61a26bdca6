"""Students of all kinds that can be exported, each trained once a session."""

from pathlib import Path
from typing import Any, Dict, List

import torch
from allennlp.common import Params
from allennlp.data import DatasetReader
from allennlp.models import Archive, load_archive

from tests.runs import LANGUAGES, NER, tagger_config, train

PADDED = {"type": "padded_lstm", "input_size": 12, "hidden_size": 8, "num_layers": 2}
TRANSFORMER = {
    "type": "pytorch_transformer",
    "input_dim": 12,
    "num_layers": 2,
    "feedforward_hidden_dim": 24,
    "num_attention_heads": 3,
}
TWO_LAYERS = {
    "input_dim": 12,
    "num_layers": 2,
    "hidden_dims": [14, 16],
    "activations": ["tanh", "gelu_fast"],
}
COMPOSED = [
    {"type": "pass_through", "input_dim": 12},
    {"type": "feedforward", "feedforward": TWO_LAYERS},
    {"type": "lstm", "input_size": 16, "hidden_size": 9, "num_layers": 2},
]
BEHIND = {"input_dim": 16, "num_layers": 1, "hidden_dims": 10, "activations": "gelu"}

MODELS: Dict[str, Dict[str, Any]] = {
    "crf": {},
    "crf without constraints": {
        "constrain_crf_decoding": False,
        "include_start_end_transitions": False,
        "label_encoding": None,
    },
    "softmax": {"type": "distilled_tagger"},
    "softmax without constraints": {"type": "distilled_tagger", "constrain_decoding": False},
    "padded_lstm": {"encoder": PADDED, "feedforward": BEHIND},
    "compose": {"encoder": {"type": "compose", "encoders": COMPOSED}},
    "transformer": {"encoder": {**TRANSFORMER, "positional_encoding": "sinusoidal"}},
    "transformer, gelu": {
        "encoder": {**TRANSFORMER, "positional_encoding": "embedding", "activation": "gelu"}
    },
    "characters": {},
    "word pieces": {"encoder": PADDED},
}
"""What is special about the model of each."""

CHARACTERS = {
    "type": "distinct_character_encoding",
    "embedding": {"embedding_dim": 5, "vocab_namespace": "token_characters"},
    "encoder": {
        "type": "cnn",
        "embedding_dim": 5,
        "num_filters": 2,
        "ngram_filter_sizes": [2, 3],
        "output_dim": 4,
    },
}


def config_of(kind: str, transformer: Path) -> Dict[str, Any]:
    """Of a kind of student, which learns for some seconds; `transformer` has a tokenizer."""
    config = tagger_config(LANGUAGES, **MODELS[kind])
    if config["model"]["label_encoding"] is None:
        config["trainer"]["validation_metric"] = "+macro_accuracy"
    config["trainer"].update(num_epochs=12, optimizer={"type": "adam", "lr": 0.03})
    indexers: Dict[str, Any] = {"tokens": {"type": "single_id", "lowercase_tokens": True}}
    embedders: Dict[str, Any] = {"tokens": {"type": "embedding", "embedding_dim": 8}}
    if kind == "characters":
        indexers["letters"] = {"type": "characters", "min_padding_length": 3}
        embedders["letters"] = CHARACTERS
    elif kind == "word pieces":
        indexers = {"pieces": {"type": "word_pieces", "model_name": str(transformer)}}
        embedders = {"pieces": {"type": "word_pieces", "embedding_dim": 12}}
    else:
        return config
    config["dataset_reader"]["token_indexers"] = indexers
    config["model"]["text_field_embedder"] = {"token_embedders": embedders}
    return config


def trained(kind: str, folder: Path, transformer: Path) -> Archive:
    """The archive of a student that is trained in the folder, unless it is there."""
    path = folder / kind.replace(" ", "-")
    if not path.exists():
        train(config_of(kind, transformer), path)
    archive = load_archive(str(path / "model.tar.gz"))
    if "transformer" in kind:  # they find no names in so short a time
        torch.manual_seed(0)
        for name, weights in archive.model.named_parameters():
            if weights.dim() > 1 and "crf" not in name:
                torch.nn.init.normal_(weights, std=0.5)
    return archive


def sentences() -> List[List[str]]:
    """All of the corpus, in both languages."""
    reader = DatasetReader.from_params(Params({"type": "conll_tagging", "source_encoding": "BIO"}))
    paths = [NER / language / f"{split}.txt" for language in LANGUAGES for split in SPLITS]
    instances = [instance for path in paths for instance in reader.read(str(path))]
    return [[str(token.text) for token in instance["tokens"].tokens] for instance in instances]  # type: ignore[attr-defined]


SPLITS = ["train", "dev", "test"]
