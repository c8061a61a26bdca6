"""What is measured of a tagger, whatever its kind."""

from typing import Any, List, NamedTuple, Sequence, Set, Tuple

import torch
from allennlp.modules.token_embedders import Embedding

Sentences = Sequence[Sequence[str]]


class Size(NamedTuple):
    """
    How large a model is.

    # Parameters

    parameters : `int`
        Numbers that were learnt, each counted once.
    in_embeddings : `int`
        Those of them in tables that have a row for every word, piece, character or position.
    bytes : `int`
        On disk, unpacked: weights, config, vocabulary, and a tokenizer that lies beside them.
    """

    parameters: int
    in_embeddings: int
    bytes: int


class TimedModel:
    """
    A tagger whose two steps can be timed apart. It is loaded, and in evaluation mode.

    # Parameters

    name : `str`
    size : `Size`
    """

    def __init__(self, name: str, size: Size) -> None:
        self.name = name
        self.size = size

    def use_threads(self, number: int) -> None:
        """Runs on so many threads from now on, where torch's own number does not already say so."""

    def prepare(self, sentences: Sentences) -> Any:
        """From words to what the model takes, where it takes it: indices, as tensors on its device."""
        raise NotImplementedError

    def run(self, prepared: Any) -> List[List[str]]:
        """From there to a tag for every word; decoding is part of it."""
        raise NotImplementedError

    def wait(self) -> None:
        """Until all is done that was begun, as on a GPU."""


class TimedTorchModel(TimedModel):
    """
    One whose weights are those of a module.

    # Parameters

    name : `str`
    module : `torch.nn.Module`
        On its device.
    num_bytes : `int`
        Its size on disk.
    """

    def __init__(self, name: str, module: torch.nn.Module, num_bytes: int) -> None:
        super().__init__(name, Size(*count_parameters(module), num_bytes))
        self._module = module.eval()
        self._device = next(module.parameters()).device

    def wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def count_parameters(module: torch.nn.Module) -> Tuple[int, int]:
    """All, and those in embeddings; weights that several parts share are one."""
    tables: Set[int] = set()
    for part in module.modules():
        if isinstance(part, (torch.nn.Embedding, torch.nn.EmbeddingBag, Embedding)):
            tables.add(id(part.weight))
    every = {id(one): one.numel() for one in module.parameters()}
    return sum(every.values()), sum(every[one] for one in tables if one in every)
