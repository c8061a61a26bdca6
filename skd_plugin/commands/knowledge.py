"""`allennlp knowledge build | info | verify | merge`: stores of what teachers know, without training."""

import argparse

from allennlp.commands.subcommand import Subcommand

from skd_plugin.commands.action import runner
from skd_plugin.commands.build import BUILD
from skd_plugin.commands.info import INFO
from skd_plugin.commands.merge import MERGE
from skd_plugin.commands.verify import VERIFY

IF_INTERRUPTED = "interrupted. What was written stays; the same command goes on from there."


@Subcommand.register("knowledge")
class KnowledgeCommand(Subcommand):
    """Fills, describes, checks and joins stores of what teachers know."""

    requires_plugins = False  # the actions that need plugins import them

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Build, describe, verify and merge stores of teachers' knowledge."
        subparser = parser.add_parser(self.name, description=description, help=description)
        actions = subparser.add_subparsers(title="Actions", metavar="ACTION", dest="action")
        actions.required = True
        for action in (BUILD, INFO, VERIFY, MERGE):
            nested = actions.add_parser(
                action.name, description=action.description, help=action.help
            )
            action.add_arguments(nested)
            nested.add_argument(
                "--include-package",
                type=str,
                action="append",
                default=[],
                help="additional packages to include",
            )
            nested.set_defaults(func=runner(nested.prog, action.run, IF_INTERRUPTED))
        return subparser
