"""What the actions of a command have in common."""

import argparse
from typing import Any, Callable, NamedTuple


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
