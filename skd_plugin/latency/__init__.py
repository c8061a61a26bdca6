"""How small and how fast taggers are."""

from skd_plugin.latency.loading import load_timed
from skd_plugin.latency.measuring import Cell, Times, measure
from skd_plugin.latency.rows import latency_rows, size_rows
from skd_plugin.latency.sentences import read_words
from skd_plugin.latency.threads import all_threads, busy_with
from skd_plugin.latency.timed_archive import TimedArchive
from skd_plugin.latency.timed_huggingface import TimedHuggingFace
from skd_plugin.latency.timed_model import Size, TimedModel
from skd_plugin.latency.timed_onnx import TimedOnnx

__all__ = [
    "Cell",
    "Size",
    "TimedArchive",
    "TimedHuggingFace",
    "TimedModel",
    "TimedOnnx",
    "Times",
    "all_threads",
    "busy_with",
    "latency_rows",
    "load_timed",
    "measure",
    "read_words",
    "size_rows",
]
