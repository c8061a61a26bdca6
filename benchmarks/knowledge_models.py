"""Taggers of the sizes that the benchmark speaks of, built and trained as AllenNLP does it."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence

import torch
from allennlp.common import Params
from allennlp.data import Batch, DatasetReader, Instance, Vocabulary
from allennlp.data.samplers import BucketBatchSampler
from allennlp.models import Model
from allennlp.training.optimizers import Optimizer

import skd_plugin  # noqa: F401 (registers)
from benchmarks.knowledge_corpus import Sentence
from skd_plugin.losses import DistillationLoss
from skd_plugin.settings import set_defaults

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "training_configs"

Config = Dict[str, Any]
Tensors = Dict[str, Any]


class Size(NamedTuple):
    """
    How large a tagger is, and how it is trained.

    # Parameters

    reader, model, optimizer : `Dict[str, Any]`
        As in a config.
    batch_size : `int`
        In sentences.
    """

    reader: Config
    model: Config
    optimizer: Config
    batch_size: int = 32


def bilstm_crf(indexers: Config, embedders: Config, dim: int, hidden: int, **model: Any) -> Size:
    """One BiLSTM layer, `hidden` units either way, over embeddings of `dim` numbers; trained by Adam."""
    encoder = {"type": "lstm", "input_size": dim, "hidden_size": hidden, "bidirectional": True}
    model = {
        "type": "distilled_crf_tagger",
        "text_field_embedder": {"token_embedders": embedders},
        "encoder": encoder,
        **model,
    }
    reader = {"type": "conll_tagging", "token_indexers": indexers}
    return Size(reader, model, {"type": "adam", "lr": 0.005})


def tiny_size() -> Size:
    """Words of 8 numbers, a BiLSTM of 8 units either way."""
    indexers = {"tokens": {"type": "single_id"}}
    embedders = {"tokens": {"type": "embedding", "embedding_dim": 8}}
    return bilstm_crf(indexers, embedders, 8, 8)


def words_and_characters(words: int, letters: int, filters: int, hidden: int, **model: Any) -> Size:
    """Embeddings of words beside a CNN over the letters, as in the shipped configs."""
    indexers = {
        "tokens": {"type": "single_id", "lowercase_tokens": True},
        "token_characters": {"type": "characters", "min_padding_length": 3},
    }
    cnn = {"embedding_dim": letters, "num_filters": filters, "ngram_filter_sizes": [3]}
    embedders = {
        "tokens": {"type": "embedding", "embedding_dim": words},
        "token_characters": {
            "type": "character_encoding",
            "embedding": {"embedding_dim": letters, "vocab_namespace": "token_characters"},
            "encoder": {"type": "cnn", **cnn},
        },
    }
    return bilstm_crf(indexers, embedders, words + filters, hidden, **model)


def teacher_size() -> Size:
    """What is trained in seconds: the teacher of the demo, without constraints."""
    return words_and_characters(32, 16, 32, 48, dropout=0.3, word_dropout=0.05)


def paper_size() -> Size:
    """The BiLSTM of Wang et al. (ACL 2020), over the embeddings and with the recipe `paper` of the shipped configs."""
    size = words_and_characters(100, 25, 50, 600, dropout=0.5, word_dropout=0.05)
    return size._replace(optimizer={"type": "sgd", "lr": 0.1})


def demo_size() -> Size:
    """The student of the demo."""
    set_defaults()
    config = Params.from_file(str(CONFIGS / "demo" / "baseline.jsonnet")).as_dict()
    batch_size = config["data_loader"]["batch_sampler"]["batch_size"]
    optimizer = config["trainer"]["optimizer"]
    return Size(config["dataset_reader"], config["model"], optimizer, batch_size)


def shipped_losses() -> Dict[str, List[Config]]:
    """The methods of the papers, as the shipped configs name them."""
    return Params.from_file(str(CONFIGS / "lib" / "losses.libsonnet")).as_dict()


def reader_of(size: Size) -> Any:
    """The reader of a tagger."""
    return DatasetReader.from_params(Params(_copy(size.reader)))


def instances_of(size: Size, sentences: Iterable[Sentence], language: str = "en") -> List[Instance]:
    """Sentences as a tagger reads them."""
    reader = reader_of(size)
    instances = [reader.text_to_instance(words, tags, language) for words, tags in sentences]
    for instance in instances:
        reader.apply_token_indexers(instance)
    return instances


def vocabulary_of(instances: Iterable[Instance]) -> Vocabulary:
    """All words and tags of sentences that were not yet indexed."""
    counts: Dict[str, Dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for instance in instances:
        instance.count_vocab_items(counts)
    return Vocabulary(counts)


def batches_of(
    instances: Sequence[Instance], vocab: Vocabulary, batch_size: int
) -> List[List[Instance]]:
    """Batches of sentences of like length, shuffled, all full."""
    for instance in instances:
        instance.index_fields(vocab)
    sampler = BucketBatchSampler(batch_size, sorting_keys=["tokens"], drop_last=True)
    batches = sampler.get_batch_indices(instances)
    return [[instances[index] for index in batch] for batch in batches]


def tensors_of(batch: Sequence[Instance]) -> Tensors:
    """What a model takes; the instances must be indexed."""
    return dict(Batch(batch).as_tensor_dict())


class Training:
    """
    A model and its optimizer, step by step as AllenNLP's trainer goes.

    # Parameters

    size : `Size`
    vocab : `Vocabulary`
    losses : `List[Dict[str, Any]]`, optional (default = none)
        Of distillation.
    """

    def __init__(self, size: Size, vocab: Vocabulary, losses: Sequence[Config] = ()) -> None:
        model: Any = Model.from_params(Params(_copy(size.model)), vocab=vocab)
        self.model = model.train()
        self.model.distillation.losses = [
            DistillationLoss.from_params(Params(_copy(loss))) for loss in losses
        ]
        self._optimizer = Optimizer.from_params(
            Params(_copy(size.optimizer)), model_parameters=list(model.named_parameters())
        )

    def step(self, batch: Tensors) -> None:
        """Forward, backward, gradients clipped to a norm of 5, weights updated."""
        parameters = list(self.model.parameters())
        for parameter in parameters:
            parameter.grad = None
        self.model(**batch)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        self._optimizer.step()


def save(training: Training, size: Size, folder: Path) -> None:
    """Keeps a model as an archive that is not packed."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"dataset_reader": size.reader, "model": size.model}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    training.model.vocab.save_to_files(str(folder / "vocabulary"))
    torch.save(training.model.state_dict(), folder / "weights.th")


def _copy(config: Config) -> Config:
    """Building from a config uses it up."""
    return json.loads(json.dumps(config))
