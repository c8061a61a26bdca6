"""Subcommands of `allennlp`."""

from skd_plugin.commands.knowledge import KnowledgeCommand

__all__ = ["KnowledgeCommand"]
