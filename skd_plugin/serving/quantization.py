"""Graphs of 8-bit integers."""

import logging
import os
from pathlib import Path

from skd_plugin.serving.requirements import required

OPERATORS = ["MatMul", "LSTM", "Gather"]
"""Whose weights are rounded: of convolutions onnxruntime computes none with signed weights."""


def quantize(path: Path) -> None:
    """
    Rounds the weights of a graph to 8 bits, and what they are multiplied by in each batch (dynamic quantisation). The
    search for the best path stays in double precision.
    """
    quantization = required("onnxruntime.quantization")
    rounded = path.with_name(f"{path.name}.int8")
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises to prepare the graph, which is of no use here
    try:
        quantization.quantize_dynamic(
            str(path),
            str(rounded),
            op_types_to_quantize=OPERATORS,
            weight_type=quantization.QuantType.QInt8,
        )
    finally:
        root.setLevel(level)
    os.replace(rounded, path)
