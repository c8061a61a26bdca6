"""`allennlp benchmark-latency TEACHER STUDENT --data FILE`: how small and how fast taggers are, side by side."""

import argparse
import itertools
import json
import os
import platform
import sys
from typing import Any, Dict, Optional

import torch
from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from tqdm import tqdm

from skd_plugin.commands.action import positive, runner
from skd_plugin.commands.latency_tables import latency_tables, size_table
from skd_plugin.commands.training import device_of
from skd_plugin.latency import (
    Cell,
    all_threads,
    busy_with,
    latency_rows,
    load_timed,
    measure,
    read_words,
    size_rows,
)
from skd_plugin.latency.measuring import MOST

ALL = "all"
BUSY = 0.5  # part of the cores
DESCRIPTION = (
    "Say how small and how fast taggers are, side by side: AllenNLP archives, folders of Hugging Face token "
    "classifiers, and folders exported to ONNX. The first is what the others are compared with. A batch of words "
    "becomes tensors, and these become tags, decoding included; both are timed apart and together, in milliseconds a "
    "sentence: the median over rounds, with the 10th and 90th percentile. Models take turns, all with the same batch. "
    "Ratios are those of medians, with 95 % intervals over rounds; more than 1 is smaller or faster than the first. "
    "Exit status: 0, 2 for an error, 130 if interrupted."
)


@Subcommand.register("benchmark-latency")
class BenchmarkLatencyCommand(Subcommand):
    """Measures sizes and latencies of taggers."""

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        subparser = parser.add_parser(
            self.name, description=DESCRIPTION, help="Say how small and how fast taggers are."
        )
        subparser.add_argument(
            "models", nargs="+", metavar="MODEL", help="paths of taggers; first the reference"
        )
        _add_data(subparser)
        _add_cells(subparser)
        subparser.add_argument("--json", metavar="FILE", help="write all that is measured there")
        if_interrupted = "interrupted; nothing was written."
        subparser.set_defaults(
            func=runner("allennlp benchmark-latency", benchmark_latency, if_interrupted)
        )
        return subparser


def benchmark_latency(args: argparse.Namespace) -> int:
    """Returns the exit status."""
    device, load = device_of(args.cuda_device), busy_with()
    if load > BUSY * all_threads():
        print(
            f"Others keep {load:.1f} of the {all_threads()} cores busy: times on several threads, which wait for each "
            "other, will be far longer than they need be.",
            file=sys.stderr,
        )
    if args.json:
        _check_writable(args.json)
    most = max(args.batch_sizes) * (args.repeats or MOST)
    sentences = read_words(args.data, args.reader, most)
    models = [load_timed(path, device) for path in args.models]
    sizes, latencies = size_rows(models), []
    print(size_table(sizes), flush=True)
    threads = [one or all_threads() for one in args.threads]
    cells = [
        Cell(*one)
        for one in itertools.product(dict.fromkeys(threads), args.batch_sizes, args.lengths)
    ]
    for cell in tqdm(cells, desc="measuring", unit="setting"):
        times = measure(models, sentences, cell, args.repeats)
        latencies += latency_rows([model.name for model in models], cell, times)
    print(f"\n{latency_tables(latencies)}")
    if args.json:
        _write(args.json, {"setting": _setting(device, load), "models": sizes, "rows": latencies})
    return 0


def _check_writable(path: str) -> None:
    """Before much time is spent."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise ConfigurationError(f"--json {path}: expected a file that can be written")


def _write(path: str, content: Dict[str, Any]) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}")


def _setting(device: torch.device, load: float) -> Dict[str, Any]:
    return {
        "device": str(device),
        "machine": platform.machine(),
        "cores": all_threads(),
        "load_before": load,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def _number_or_all(text: str) -> Optional[int]:
    if text == ALL:
        return None
    try:
        return positive(int)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f'expected "{ALL}" or a positive number, got {text!r}')


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="FILE", help="real sentences to tag")
    parser.add_argument(
        "--reader",
        metavar="NAME",
        help="how to read them: the name of a reader of this plugin, such as plain_text, or the JSON of its config "
        "(default: conllu_tagging for .conllu, jsonl_tagging for .jsonl, semeval_absa for .xml, else conll_tagging)",
    )
    parser.add_argument(
        "--cuda-device",
        type=int,
        default=-1,
        metavar="N",
        help="where models run: the number of a GPU, or -1 for the CPU (default: -1)",
    )
    parser.add_argument(
        "--repeats",
        type=positive(int),
        metavar="N",
        help="rounds of each measurement (default: what goes into 10 seconds, 5 to 100)",
    )


def _add_cells(parser: argparse.ArgumentParser) -> None:
    options: Dict[str, Any] = {
        "batch-sizes": (positive(int), [1, 32], "sentences of a batch (default: 1 32)"),
        "lengths": (
            _number_or_all,
            [None, 8, 16, 32, 64],
            "words of a sentence: all, as they come, or numbers, to which sentences are cut, and joined where they are "
            "shorter (default: all 8 16 32 64)",
        ),
        "threads": (_number_or_all, [1, None], "threads on the CPU (default: 1 all)"),
    }
    for name, (kind, default, text) in options.items():
        parser.add_argument(
            f"--{name}", nargs="+", type=kind, default=default, metavar="N", help=text
        )
