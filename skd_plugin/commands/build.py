"""`allennlp knowledge build`."""

import argparse
import re
from collections import Counter
from typing import Dict, Iterator, List, Sequence

from allennlp.common.checks import ConfigurationError

from skd_plugin.commands.action import Action, add_cuda_device, add_overrides
from skd_plugin.commands.shard import Shard
from skd_plugin.commands.text import size, table
from skd_plugin.commands.training import TaughtTraining, describe, device_of
from skd_plugin.knowledge import (
    Knowledge,
    KnowledgeRequest,
    KnowledgeStore,
    LmdbKnowledgeStore,
    MemoryKnowledgeStore,
)
from skd_plugin.knowledge.summary import bytes_on_disk
from skd_plugin.teachers import Asking, Ensemble, Question, Teacher


class CountingEnsemble(Ensemble):
    """An ensemble that counts the sentences it was asked about."""

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        super().__init__(teachers)
        self.asked = 0

    def teach(
        self, sentences: Sequence[Sequence[str]], request: KnowledgeRequest
    ) -> List[Knowledge]:
        known = super().teach(sentences, request)
        self.asked += len(sentences)
        return known


def build(args: argparse.Namespace) -> int:
    """Fills the store of a training config; returns the exit status."""
    training = TaughtTraining(args.param_path, args.overrides)
    callback = training.callback(args.serialization_dir or "")
    store = _store(args, callback.store)
    device = device_of(args.cuda_device)
    training.fingerprints()  # what is wrong with an archive is said now
    ensembles = {name: CountingEnsemble(some) for name, some in training.teachers.items()}
    seen: "Counter[str]" = Counter()
    store.open(args.serialization_dir or "")
    try:
        about = f"Asking for {describe(training.request)}, on {device}, into {store.folder}"
        print(about, flush=True)
        ask = Asking(store, dict(ensembles), training.request, device, callback.tokens_per_batch)
        ask(_of_shard(training.questions(), args.shard, seen))
        _report(seen, ensembles)
        if isinstance(store, LmdbKnowledgeStore):
            print(f"{store.folder}: {size(bytes_on_disk(str(store.folder)))}")
        if args.store or args.serialization_dir:
            found = f'{{"type": "lmdb", "path": "{store.folder}"}}'
            print(f"The store to give to cache_teacher_knowledge: {found}")
    finally:
        store.close()
    return 0


def fill(param_path: str) -> None:
    """Fills the store that a training config names, as `allennlp knowledge build` does."""
    parser = argparse.ArgumentParser()
    _add_arguments(parser)
    build(parser.parse_args([param_path]))


def _store(args: argparse.Namespace, of_config: KnowledgeStore) -> KnowledgeStore:
    """The store to fill."""
    if args.store:
        return LmdbKnowledgeStore(args.store)
    if isinstance(of_config, MemoryKnowledgeStore):
        raise ConfigurationError(
            f'{args.param_path}: a store of type "memory" ends with this command; take "lmdb", or give --store PATH'
        )
    if isinstance(of_config, LmdbKnowledgeStore) and not of_config.path:
        if not args.serialization_dir:
            raise ConfigurationError(
                f"{args.param_path}: the store of cache_teacher_knowledge has no path; give it one "
                '("store": {"type": "lmdb", "path": ...}), or give --store PATH, or -s SERIALIZATION_DIR'
            )
    return of_config


def _of_shard(
    questions: Iterator[Question], shard: Shard, seen: "Counter[str]"
) -> Iterator[Question]:
    """Those of one share, counted by language."""
    for question in questions:
        if shard.has(question.key):
            seen[question.language] += 1
            yield question


def _report(seen: "Counter[str]", ensembles: Dict[str, CountingEnsemble]) -> None:
    rows = [["language", "sentences", "asked now", "there or repeated"]]
    for language, ensemble in ensembles.items():
        number = seen[language]
        rows.append(
            [language, f"{number:,}", f"{ensemble.asked:,}", f"{number - ensemble.asked:,}"]
        )
    print(table(rows))


def _shard(text: str) -> Shard:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(
            f"expected I/N with I from 1 to N, such as 2/4, got {text!r}"
        )
    return Shard(int(found[1]), int(found[2]))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("param_path", type=str, help="config of a training with teachers")
    parser.add_argument(
        "-s",
        "--serialization-dir",
        type=str,
        help="folder of the run to which a store without a path of its own belongs",
    )
    parser.add_argument(
        "--store", type=str, metavar="PATH", help="lmdb store to fill, instead of the config's"
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        default=Shard(),
        metavar="I/N",
        help="ask only about the I-th of N shares of the sentences",
    )
    add_cuda_device(parser)
    add_overrides(parser)


BUILD = Action(
    "build",
    "ask the teachers of a training config, without training",
    "Ask the teachers of a training config what its losses need of all its training sentences, and keep it "
    "where the training finds it. Nothing is trained, and memory is bounded. What the store has is not asked again, "
    "also after an interruption. Many machines share the work by --shard 1/4, 2/4 and so on, each with a store of its "
    "own; `knowledge merge` joins them. Exit status: 0, or 2 for an error.",
    _add_arguments,
    build,
)
