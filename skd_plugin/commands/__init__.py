"""Subcommands of `allennlp`."""

from skd_plugin.commands.benchmark_latency import BenchmarkLatencyCommand
from skd_plugin.commands.distill import DistillCommand
from skd_plugin.commands.export import ExportCommand
from skd_plugin.commands.knowledge import KnowledgeCommand
from skd_plugin.commands.train_tokenizer import TrainTokenizerCommand

__all__ = [
    "BenchmarkLatencyCommand",
    "DistillCommand",
    "ExportCommand",
    "KnowledgeCommand",
    "TrainTokenizerCommand",
]
