"""What the actions of a command have in common."""

import argparse
import sys
from typing import Any, Callable, NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived

ERROR = 2  # the exit status of argparse, too
INTERRUPTED = 130


class Action(NamedTuple):
    """A nested command: its name, what it does in short and at length, its arguments, and its exit status of them."""

    name: str
    help: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Adds what `allennlp train` calls overrides."""
    parser.add_argument(
        "-o",
        "--overrides",
        type=str,
        default="",
        help="a json(net) structure that overrides parts of the config, as of `allennlp train`",
    )


def add_cuda_device(parser: argparse.ArgumentParser) -> None:
    """Adds where teachers run; see `device_of`."""
    parser.add_argument(
        "--cuda-device",
        type=int,
        metavar="N",
        help="where the teachers run: the number of a GPU, or -1 for the CPU; by default the first GPU if there is one",
    )


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of arguments: numbers above 0."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not value > 0:
            raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
        return value

    return parse


def runner(
    prog: str, run: Callable[[argparse.Namespace], int], if_interrupted: str
) -> Callable[[argparse.Namespace], None]:
    """
    What ends with the exit status of a command; what is wrong with its input is said without a traceback.

    # Parameters

    prog : `str`
        Before messages.
    run : `Callable[[argparse.Namespace], int]`
        The command.
    if_interrupted : `str`
        What is said then.
    """

    def ending(args: argparse.Namespace) -> None:
        try:
            status = run(args)
        except ConfigurationError as error:
            print(f"{prog}: error: {error}", file=sys.stderr)
            status = ERROR
        except (KeyboardInterrupt, SigTermReceived):
            print(f"{prog}: {if_interrupted}", file=sys.stderr)
            status = INTERRUPTED
        if status:
            sys.exit(status)

    return ending
