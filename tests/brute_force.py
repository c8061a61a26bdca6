"""Linear chains by enumeration of all paths, in plain Python: the dynamic programs' slow twins."""

import itertools
import math
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from skd_plugin.structures import LinearChain

Path = Tuple[int, ...]


class BruteForce:
    """
    One sentence's chain, whose possible paths are all written out.

    # Parameters

    emissions : `List[List[float]]`
        Shape (num_tokens, num_tags), without padding; all scores may be -inf.
    transitions : `List[List[float]]`
        Shape (num_tags, num_tags), from tag to tag.
    start, end : `List[float]`
        Shape (num_tags,).
    """

    def __init__(
        self,
        emissions: List[List[float]],
        transitions: List[List[float]],
        start: List[float],
        end: List[float],
    ) -> None:
        self.emissions = emissions
        self.num_tokens, self.num_tags = len(emissions), len(start)
        self.scores: Dict[Path, float] = {}
        for path in itertools.product(range(self.num_tags), repeat=self.num_tokens):
            score = start[path[0]] + end[path[-1]]
            score += sum(row[tag] for row, tag in zip(emissions, path))
            score += sum(transitions[one][other] for one, other in zip(path, path[1:]))
            if score > -math.inf:
                self.scores[path] = score

    def log_partition(self) -> float:
        """log sum exp of all scores; the largest is taken out first."""
        largest = max(self.scores.values())
        return largest + math.log(math.fsum(math.exp(s - largest) for s in self.scores.values()))

    def probabilities(self) -> Dict[Path, float]:
        """p(path) of every possible path."""
        log_partition = self.log_partition()
        return {path: math.exp(score - log_partition) for path, score in self.scores.items()}

    def marginals(self) -> List[List[float]]:
        """p(y_t = tag), shape (num_tokens, num_tags)."""
        marginals = [[0.0] * self.num_tags for _ in range(self.num_tokens)]
        for path, probability in self.probabilities().items():
            for token, tag in enumerate(path):
                marginals[token][tag] += probability
        return marginals

    def edge_marginals(self) -> List[List[List[float]]]:
        """p(y_t = from, y_{t+1} = to), shape (num_tokens - 1, num_tags, num_tags)."""
        tags = range(self.num_tags)
        edges = [[[0.0 for _ in tags] for _ in tags] for _ in range(self.num_tokens - 1)]
        for path, probability in self.probabilities().items():
            for token, (one, other) in enumerate(zip(path, path[1:])):
                edges[token][one][other] += probability
        return edges

    def entropy(self) -> float:
        """-sum p log p in nats."""
        return -math.fsum(p * math.log(p) for p in self.probabilities().values() if p > 0)

    def top_k(self, k: int) -> List[Tuple[Path, float]]:
        """The min(k, number of possible paths) best paths and their scores, best first."""
        return sorted(self.scores.items(), key=lambda item: -item[1])[:k]


class ChainInputs(NamedTuple):
    """What a batch of chains is made of, in double precision; shapes as in `LinearChain`."""

    emissions: Tensor
    transitions: Tensor
    start: Tensor
    end: Tensor
    mask: Tensor

    def chain(self, dtype: torch.dtype = torch.float64) -> LinearChain:
        """The dynamic programs' chain."""
        scores = [scores.to(dtype) for scores in self[:4]]
        return LinearChain(*scores, self.mask)

    def sentences(self) -> List[BruteForce]:
        """The enumerated twins, one a sentence."""
        shared = (self.transitions.tolist(), self.start.tolist(), self.end.tolist())
        return [
            BruteForce(row[: int(mask.sum())].tolist(), *shared)
            for row, mask in zip(self.emissions, self.mask)
        ]


def random_inputs(
    lengths: Sequence[int],
    num_tags: int,
    seed: int = 0,
    forbidden: float = 0.0,
    ties: bool = False,
    scale: float = 2.0,
    num_tokens: Optional[int] = None,
) -> ChainInputs:
    """
    Random chains; every sentence has a possible path, and the padding holds large scores.

    # Parameters

    lengths : `Sequence[int]`
        Of the sentences.
    forbidden : `float`, optional (default = `0.0`)
        The share of scores that are -inf.
    ties : `bool`, optional (default = `False`)
        Whether scores are small integers, so that many paths score alike.
    num_tokens : `int`, optional (default = the longest length)
        With padding.
    """
    generator = torch.Generator().manual_seed(seed)
    width = num_tokens or max(lengths)

    def scores(*shape: int) -> Tensor:
        values = scale * torch.randn(*shape, generator=generator, dtype=torch.float64)
        if ties:
            values = values.div(scale).round()
        banned = torch.rand(*shape, generator=generator) < forbidden
        return values.masked_fill(banned, -math.inf)

    emissions, transitions = scores(len(lengths), width, num_tags), scores(num_tags, num_tags)
    start, end = scores(num_tags), scores(num_tags)
    mask = torch.arange(width) < torch.tensor(lengths).unsqueeze(1)
    emissions = torch.where(mask.unsqueeze(2), emissions, 100 * torch.ones_like(emissions))
    for row, length in enumerate(lengths):
        path = torch.randint(num_tags, (length,), generator=generator)
        for scores_of_path, index in (
            (emissions[row], (torch.arange(length), path)),
            (transitions, (path[:-1], path[1:])),
            (start, (path[0],)),
            (end, (path[-1],)),
        ):
            scores_of_path[index] = scores_of_path[index].clamp(min=-1.0)
    return ChainInputs(emissions, transitions, start, end, mask)
