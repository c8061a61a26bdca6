"""Subcommands of `allennlp`."""

from skd_plugin.commands.distill import DistillCommand
from skd_plugin.commands.export import ExportCommand
from skd_plugin.commands.knowledge import KnowledgeCommand

__all__ = ["DistillCommand", "ExportCommand", "KnowledgeCommand"]
