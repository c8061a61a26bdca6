"""Graphs of 8-bit integers."""

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from skd_plugin.serving.requirements import required

OPERATORS = ["MatMul", "LSTM", "Gather"]
"""Whose weights are rounded: onnxruntime computes no convolutions with signed weights."""


def quantize(path: Path) -> None:
    """
    Rounds the weights of a tagger's graph to 8 bits, and what they are multiplied by in each batch (dynamic
    quantisation). The few weights from which logits are computed, and the search for the best path, stay as they are.
    """
    quantization = required("onnxruntime.quantization")
    nodes = required("onnx").load(str(path)).graph.node
    last = [node.name for node in nodes if node.op_type == "MatMul"][-1]
    rounded = path.with_name(f"{path.name}.int8")
    with _quiet():
        quantization.quantize_dynamic(
            str(path),
            str(rounded),
            op_types_to_quantize=OPERATORS,
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=[last],
        )
    os.replace(rounded, path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice to prepare the graph, which is of no use here."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
