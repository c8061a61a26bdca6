"""`allennlp knowledge build | info | verify | merge`: stores of what teachers know, without training."""

import argparse
import sys
from typing import Callable

from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived

from skd_plugin.commands.action import Action
from skd_plugin.commands.build import BUILD
from skd_plugin.commands.info import INFO
from skd_plugin.commands.merge import MERGE
from skd_plugin.commands.verify import VERIFY

ERROR = 2  # the exit status of argparse, too
INTERRUPTED = 130


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
            nested.set_defaults(func=_runner(action, nested.prog))
        return subparser


def _runner(action: Action, prog: str) -> Callable[[argparse.Namespace], None]:
    """Runs an action; what is wrong with its input is said without a traceback."""

    def run(args: argparse.Namespace) -> None:
        try:
            status = action.run(args)
        except ConfigurationError as error:
            print(f"{prog}: error: {error}", file=sys.stderr)
            status = ERROR
        except (KeyboardInterrupt, SigTermReceived):
            print(
                f"{prog}: interrupted. What was written stays; the same command goes on from there.",
                file=sys.stderr,
            )
            status = INTERRUPTED
        if status:
            sys.exit(status)

    return run
