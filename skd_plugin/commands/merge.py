"""`allennlp knowledge merge`."""

import argparse
import os
from contextlib import ExitStack
from typing import List

from allennlp.common.checks import ConfigurationError

from skd_plugin.commands.action import Action
from skd_plugin.commands.stores import opened, progress_bar
from skd_plugin.commands.text import count, size, table
from skd_plugin.knowledge.merging import Merged, check_labels, merge_store
from skd_plugin.knowledge.summary import bytes_on_disk, num_entries

MOST_NAMED = 5


def merge(args: argparse.Namespace) -> int:
    """Adds stores to another; returns the exit status."""
    _check_distinct([args.into, *args.stores])
    rows = [["from", "sentences", "copied", "there already", "damaged"]]
    damaged: List[str] = []
    with ExitStack() as stack:
        stores = [stack.enter_context(opened(path)) for path in args.stores]
        check_labels(stores)  # before anything is made
        into = stack.enter_context(opened(args.into, make=True))
        check_labels([into, *stores])
        for path, store in zip(args.stores, stores):
            with progress_bar(num_entries(store), f"merging {path}") as progress:
                merged = merge_store(into, store, progress)
            numbers = (merged.copied, merged.known, len(merged.damaged))
            rows.append([path, *(f"{number:,}" for number in (sum(numbers), *numbers))])
            damaged += _named(path, merged)
    print(table(rows))
    print(f"{args.into}: {size(bytes_on_disk(args.into))}")
    if damaged:
        print("\n".join(damaged))
    return 1 if damaged else 0


def _check_distinct(paths: List[str]) -> None:
    seen = set()
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise ConfigurationError(f"{path}: given twice; a store is merged into another")
        seen.add(real)


def _named(path: str, merged: Merged) -> List[str]:
    """What was left out, in words."""
    if not merged.damaged:
        return []
    lines = [
        f"{path}: {count(len(merged.damaged), 'sentence')} damaged and left out; the next run that needs them computes "
        "them anew. By source and digest of the key:"
    ]
    lines += [f"  {source} {digest.hex()}" for source, digest in merged.damaged[:MOST_NAMED]]
    if len(merged.damaged) > MOST_NAMED:
        lines.append(f"  and {len(merged.damaged) - MOST_NAMED:,} more")
    return lines


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("into", type=str, help="folder of the store to add to, made if missing")
    parser.add_argument(
        "stores",
        type=str,
        nargs="+",
        metavar="from",
        help="folder of a store to add; it stays as it is",
    )


MERGE = Action(
    "merge",
    "add all that stores know to another",
    "Add all that stores know to another, but for what it has. Everything is written anew and in order, in large "
    "blocks: merging one store into a new one compacts it. Exit status: 0; 1 if something was damaged and left out; 2 "
    "for an error.",
    _add_arguments,
    merge,
)
