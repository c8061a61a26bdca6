"""Taggers exported to ONNX."""

import os
from typing import Any, Dict, List, Set, Tuple

import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.latency.timed_model import Sentences, Size, TimedModel

MODEL = "model.onnx"


class TimedOnnx(TimedModel):
    """
    A folder with an exported tagger, run by `skd_plugin.serving.OnnxTagger` on the CPU.

    # Parameters

    folder : `str`
    """

    def __init__(self, folder: str) -> None:
        from skd_plugin.serving import OnnxTagger

        counted = count_initializers(os.path.join(folder, MODEL))
        super().__init__(folder, Size(*counted, _bytes(folder)))
        self._make = OnnxTagger
        self._taggers: Dict[int, Any] = {}
        self.use_threads(1)

    @classmethod
    def load(cls, folder: str, device: torch.device) -> "TimedOnnx":
        """`ConfigurationError` on a device other than the CPU."""
        if device.type != "cpu":
            raise ConfigurationError(
                f"{folder}: an ONNX folder runs on the CPU; leave out --cuda-device"
            )
        return cls(folder)

    def use_threads(self, number: int) -> None:
        if number not in self._taggers:  # it cannot be said to one that is there
            self._taggers = {number: self._make(self.name, threads=number)}
        self._tagger = self._taggers[number]

    def prepare(self, sentences: Sentences) -> Tuple[Any, List[int]]:
        """Arrays, and how long the sentences are."""
        return self._tagger.prepare(sentences), [len(words) for words in sentences]

    def run(self, prepared: Tuple[Any, List[int]]) -> List[List[str]]:
        inputs, lengths = prepared
        paths, labels = self._tagger.run(inputs)["tags"].tolist(), self._tagger.labels
        return [[labels[tag] for tag in path[:length]] for path, length in zip(paths, lengths)]


def count_initializers(path: str) -> Tuple[int, int]:
    """All parameters of a graph, and those in embeddings, which are what rows are gathered from."""
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    kinds = onnx.TensorProto
    # Others are shapes and places.
    learnt = {kinds.FLOAT, kinds.FLOAT16, kinds.BFLOAT16, kinds.DOUBLE, kinds.INT8, kinds.UINT8}
    sizes: Dict[str, int] = {}
    for one in graph.initializer:
        if one.data_type in learnt:
            sizes[one.name] = 1
            for length in one.dims:
                sizes[one.name] *= length
    sources = {name: node for node in graph.node for name in node.output}
    tables: Set[str] = set()
    for node in graph.node:
        if node.op_type in ("Gather", "GatherBlockQuantized"):
            tables.add(_origin(node.input[0], sources))
    return sum(sizes.values()), sum(sizes.get(name, 0) for name in tables)


def _origin(name: str, sources: Dict[str, Any]) -> str:
    """What a tensor was before it was made into another type."""
    while name in sources and sources[name].op_type in ("DequantizeLinear", "Cast", "Identity"):
        name = sources[name].input[0]
    return name


def _bytes(folder: str) -> int:
    paths = (os.path.join(where, name) for where, _, names in os.walk(folder) for name in names)
    return sum(map(os.path.getsize, paths))
