"""
Parts of a training step beside those of AllenNLP, each alone: encoders forward and backward, optimizers their step; on
one thread, medians in milliseconds and their ratio.

    python benchmarks/training_steps.py [--quick] [--json FILE]
"""

import argparse
import json
import statistics
import time
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import torch
from allennlp.modules import Embedding, Seq2SeqEncoder, TokenEmbedder
from allennlp.modules.seq2seq_encoders import LstmSeq2SeqEncoder
from allennlp.modules.seq2vec_encoders import CnnEncoder
from allennlp.modules.token_embedders import TokenCharactersEncoder
from allennlp.training.optimizers import AdamOptimizer, Optimizer

from skd_plugin.modules import DistinctCharactersEncoder, PaddedLstm
from skd_plugin.optimizers import FusedAdam

GOAL = 0.8

Step = Callable[[], None]


class Pair(NamedTuple):
    """A part of ours and one of AllenNLP's that do the same."""

    what: str
    theirs: Step
    ours: Step


def lstm(batch_size: int, num_tokens: int, input_size: int, hidden_size: int) -> Pair:
    """Bidirectional LSTMs, over sentences from half of the longest to the longest."""
    generator = torch.Generator().manual_seed(1)
    shape = (batch_size, num_tokens, input_size)
    inputs = torch.randn(*shape, generator=generator).requires_grad_()
    shortest = (num_tokens + 1) // 2
    lengths = torch.randint(shortest, num_tokens + 1, (batch_size, 1), generator=generator)
    lengths[0] = num_tokens
    mask = torch.arange(num_tokens) < lengths

    def step(encoder: Seq2SeqEncoder) -> Step:
        return lambda: encoder(inputs, mask).sum().backward()

    return Pair(
        f"`padded_lstm` and `lstm`: {batch_size} x {num_tokens} tokens, {input_size} to {hidden_size}",
        step(LstmSeq2SeqEncoder(input_size, hidden_size, bidirectional=True)),
        step(PaddedLstm(input_size, hidden_size)),
    )


def characters(batch_size: int, num_tokens: int, num_filters: int) -> Pair:
    """CNNs over the characters of words of 2 to 12, drawn by Zipf's law from 20,000."""
    generator = torch.Generator().manual_seed(2)
    vocabulary = torch.randint(1, 100, (20_000, 12), generator=generator)
    length = torch.randint(2, 13, (20_000, 1), generator=generator)
    vocabulary[torch.arange(12) >= length] = 0
    frequencies = 1 / torch.arange(1.0, 20_001)
    drawn = torch.multinomial(frequencies, batch_size * num_tokens, True, generator=generator)
    words = vocabulary[drawn].view(batch_size, num_tokens, 12)
    num_distinct = len(drawn.unique())

    def step(encoder: TokenEmbedder) -> Step:
        return lambda: encoder(words).sum().backward()

    def parts() -> Tuple[Embedding, CnnEncoder]:
        return Embedding(16, num_embeddings=100), CnnEncoder(16, num_filters, (3,))

    return Pair(
        f"`distinct_character_encoding` and `character_encoding`: {batch_size} x {num_tokens} tokens, "
        f"{num_distinct} words, {num_filters} filters",
        step(TokenCharactersEncoder(*parts())),
        step(DistinctCharactersEncoder(*parts())),
    )


def adam(num_words: int, dim: int) -> Pair:
    """Optimizers of word embeddings and a few small weights."""
    generator = torch.Generator().manual_seed(3)
    shapes = [(num_words, dim)] + 16 * [(dim, 20)]

    def step(optimizer: Callable[..., Optimizer]) -> Step:
        parameters = [
            (f"weight_{number}", torch.nn.Parameter(torch.randn(*shape, generator=generator)))
            for number, shape in enumerate(shapes)
        ]
        for _, parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        made = optimizer(parameters)
        return lambda: made.step()

    return Pair(
        f"`fused_adam` and `adam`: {num_words} words of {dim}", step(AdamOptimizer), step(FusedAdam)
    )


def pairs(is_quick: bool) -> List[Pair]:
    """At sizes of the shipped configs."""
    found = [lstm(32, 25, 82, 48), characters(32, 25, 32), adam(10_000, 50)]
    if not is_quick:
        found += [
            lstm(*size) for size in ((32, 60, 82, 48), (16, 40, 150, 128), (32, 40, 150, 128))
        ]
        found += [
            characters(64, 25, 32),
            characters(32, 25, 50),
            adam(40_000, 50),
            adam(40_000, 100),
        ]
    return found


def milliseconds(pair: Pair, repetitions: int) -> List[float]:
    """The medians of theirs and ours, measured in turn so that what else the machine does meets both."""
    steps = [pair.theirs, pair.ours]
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
    print("| ours and AllenNLP's | AllenNLP, ms | ours, ms | ratio |")
    print("|:---|---:|---:|---:|")
    for pair in pairs(arguments.quick):
        theirs, ours = milliseconds(pair, 5 if arguments.quick else 50)
        print(f"| {pair.what} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} |", flush=True)
        claim, value = f"time of {pair.what}: ratio", ours / theirs
        claims.append({"claim": claim, "goal": GOAL, "value": value, "holds": value <= GOAL})
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(claims, file, indent=1)


if __name__ == "__main__":
    main()
