"""
A training step of `padded_lstm` beside one of AllenNLP's `lstm`, which packs its sentences: forward and backward pass
of the encoder alone, on one thread, medians in milliseconds and their ratio.

    python benchmarks/encoders.py [--quick] [--json FILE]
"""

import argparse
import json
import statistics
import time
from typing import Any, Callable, Dict, List, NamedTuple

import torch
from allennlp.modules import Seq2SeqEncoder
from allennlp.modules.seq2seq_encoders import LstmSeq2SeqEncoder

from skd_plugin.modules import PaddedLstm

GOAL = 0.8


class Size(NamedTuple):
    batch_size: int
    num_tokens: int
    input_size: int
    hidden_size: int


SIZES = [
    Size(32, 25, 82, 48),
    Size(32, 60, 82, 48),
    Size(16, 40, 150, 128),
    Size(32, 40, 150, 128),
    Size(32, 40, 150, 600),
]


def step(encoder: Seq2SeqEncoder, size: Size) -> Callable[[], None]:
    """Forward and backward pass of one batch, of sentences from half of the longest to the longest."""
    generator = torch.Generator().manual_seed(1)
    shape = (size.batch_size, size.num_tokens, size.input_size)
    inputs = torch.randn(*shape, generator=generator).requires_grad_()
    shortest = (size.num_tokens + 1) // 2
    lengths = torch.randint(
        shortest, size.num_tokens + 1, (size.batch_size, 1), generator=generator
    )
    lengths[0] = size.num_tokens
    mask = torch.arange(size.num_tokens) < lengths

    def once() -> None:
        encoder(inputs, mask).sum().backward()

    return once


def milliseconds(steps: List[Callable[[], None]], repetitions: int) -> List[float]:
    """The median of each, measured in turn so that what else the machine does meets all of them."""
    times: List[List[float]] = [[] for _ in steps]
    for repetition in range(repetitions + 2):
        for once, measured in zip(steps, times):
            start = time.perf_counter()
            once()
            if repetition >= 2:  # warmed up
                measured.append(1000 * (time.perf_counter() - start))
    return [statistics.median(measured) for measured in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions, small sizes")
    parser.add_argument("--json", metavar="FILE", help="write the claims there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    claims: List[Dict[str, Any]] = []
    print("| sentences | tokens | input | hidden | lstm, ms | padded_lstm, ms | ratio |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for size in SIZES[:3] if arguments.quick else SIZES:
        packed = LstmSeq2SeqEncoder(size.input_size, size.hidden_size, bidirectional=True)
        padded = PaddedLstm(size.input_size, size.hidden_size)
        steps = [step(packed, size), step(padded, size)]
        theirs, ours = milliseconds(steps, 5 if arguments.quick else 30)
        sizes = " | ".join(map(str, size))
        print(f"| {sizes} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} |", flush=True)
        claim = f"a step of padded_lstm over one of lstm, {size.hidden_size} hidden, {size.num_tokens} tokens"
        value = ours / theirs
        claims.append({"claim": claim, "goal": GOAL, "value": value, "holds": value <= GOAL})
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(claims, file, indent=1)


if __name__ == "__main__":
    main()
