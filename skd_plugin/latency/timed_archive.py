"""AllenNLP archives."""

import os
import tarfile
from typing import Any, Dict, List

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, DatasetReader, Instance, Token
from allennlp.models import Model, load_archive
from allennlp.nn import util

from skd_plugin.latency.timed_model import Sentences, TimedTorchModel

_OF_MODEL = ("config.json", "weights.th", "vocabulary/")


class TimedArchive(TimedTorchModel):
    """
    Any tagger of AllenNLP, run as its predictor would run it, but without JSON: its output has `tags` when it is made
    human-readable.

    # Parameters

    name : `str`
    model : `Model`
    reader : `DatasetReader`
        Makes instances of words, by `text_to_instance` of a list of tokens, and indexes them.
    num_bytes : `int`
        The model's size on disk.
    """

    def __init__(self, name: str, model: Model, reader: DatasetReader, num_bytes: int) -> None:
        super().__init__(name, model, num_bytes)
        self._model = model
        self._reader = reader

    @classmethod
    def load(cls, path: str, device: torch.device) -> "TimedArchive":
        """From a `model.tar.gz`, or a serialization directory."""
        import allennlp_models.tagging  # noqa: F401 (registers the stock taggers)

        archive = load_archive(path, cuda_device=-1)
        return cls(path, archive.model.to(device), archive.dataset_reader, bytes_of_archive(path))

    def prepare(self, sentences: Sentences) -> Dict[str, Any]:
        batch = Batch([self._instance([Token(word) for word in words]) for words in sentences])
        batch.index_instances(self._model.vocab)
        return util.move_to_device(batch.as_tensor_dict(), self._device)

    @torch.no_grad()
    def run(self, prepared: Dict[str, Any]) -> List[List[str]]:
        output: Dict[str, Any] = self._model.make_output_human_readable(self._model(**prepared))
        if "tags" not in output:
            raise ConfigurationError(
                f"{self.name}: expected a tagger, whose output has `tags`; got a {type(self._model).__name__} with "
                f"{', '.join(sorted(output))}"
            )
        return output["tags"]

    def _instance(self, tokens: List[Token]) -> Instance:
        instance = self._reader.text_to_instance(tokens)  # type: ignore[call-arg]
        self._reader.apply_token_indexers(instance)
        return instance


def bytes_of_archive(path: str) -> int:
    """Of weights, config and vocabulary, unpacked, whether or not they are packed."""
    if not os.path.isdir(path):
        with tarfile.open(path) as archive:
            return sum(one.size for one in archive if _is_of_model(os.path.normpath(one.name)))
    sizes = {}
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            sizes[os.path.relpath(full, path)] = os.path.getsize(full)
    if "weights.th" not in sizes and "best.th" in sizes:  # as AllenNLP loads a folder
        sizes["weights.th"] = sizes["best.th"]
    return sum(size for name, size in sizes.items() if _is_of_model(name))


def _is_of_model(name: str) -> bool:
    return name.startswith(_OF_MODEL)
