"""`allennlp knowledge verify`."""

import argparse
from collections import Counter, defaultdict
from typing import Dict, List

from skd_plugin.commands.action import Action, add_cuda_device, add_overrides, positive
from skd_plugin.commands.against_teachers import TOLERANCE, compare_with_teachers
from skd_plugin.commands.stores import opened, progress_bar
from skd_plugin.commands.text import count, table
from skd_plugin.commands.training import TaughtTraining, device_of
from skd_plugin.knowledge import LmdbKnowledgeStore
from skd_plugin.knowledge.summary import num_entries


def verify(args: argparse.Namespace) -> int:
    """Checks a store; returns the exit status."""
    device = device_of(args.cuda_device)
    with opened(args.store) as store:
        training = TaughtTraining(args.config, args.overrides) if args.config else None
        if training is not None:
            training.fingerprints()  # what is wrong with an archive is said now
        damaged = _read_all(store)
        if damaged and not args.repair:
            print("With --repair what is damaged is forgotten: the next run computes it anew.")
            if training is not None:
                print("A damaged store is not compared with live teachers: repair it first.")
            return 1
        if damaged:
            for source, digests in damaged.items():
                store.forget(source, digests)
            print("What is damaged is forgotten: the next run that needs it computes it anew.")
        if training is None:
            return 0
        sampling = (args.sample, args.seed, args.tolerance)
        return 0 if compare_with_teachers(store, training, device, *sampling) else 1


def _read_all(store: LmdbKnowledgeStore) -> Dict[str, List[bytes]]:
    """Prints how many sentences are whole; returns the digests of the others, by source."""
    damaged: Dict[str, List[bytes]] = defaultdict(list)
    whole: "Counter[str]" = Counter()
    with progress_bar(num_entries(store), "reading") as progress:
        for sentence in store.scan():
            if sentence.knowledge is None:
                damaged[sentence.source].append(sentence.digest)
            else:
                whole[sentence.source] += 1
            progress(1)
    rows = [["source", "whole", "damaged"]]
    for name, source in store.sources().items():
        title = f"{name} ({source.description})" if source.description else name
        rows.append([title, f"{whole[name]:,}", f"{len(damaged[name]):,}"])
    print(table(rows))
    num_damaged = sum(map(len, damaged.values()))
    num_whole = count(sum(whole.values()), "sentence")
    print(f"{store.folder}: {num_whole} whole, {num_damaged:,} damaged")
    return {name: digests for name, digests in damaged.items() if digests}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", type=str, help="folder of an lmdb store")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="forget what is damaged: the next run that needs it computes it anew",
    )
    parser.add_argument(
        "--config", type=str, help="config of a training whose teachers are asked again"
    )
    parser.add_argument(
        "--sample",
        type=positive(int),
        default=100,
        metavar="N",
        help="with --config: about how many training sentences of each language",
    )
    parser.add_argument("--seed", type=int, default=0, help="with --config: which sentences")
    parser.add_argument(
        "--tolerance",
        type=positive(float),
        default=TOLERANCE,
        metavar="T",
        help="with --config: by how much probabilities, log-probabilities of paths a token, and hidden states (as "
        "shares of their values) may differ",
    )
    add_cuda_device(parser)
    add_overrides(parser)


VERIFY = Action(
    "verify",
    "check a store, by itself or against live teachers",
    "Read all of a store and check it by its checksums. With --config, ask the live teachers about a sample, too, and "
    "compare. Exit status: 0; 1 if something is damaged (and not repaired), differs or cannot be compared; 2 for an "
    "error.",
    _add_arguments,
    verify,
)
