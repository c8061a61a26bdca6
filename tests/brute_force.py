"""Linear chains by enumeration of all paths, in plain Python: the dynamic programs' slow twins."""

import copy
import itertools
import math
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

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
        """log sum exp of all scores."""
        return log_sum_exp(self.scores.values())

    def log_probs(self) -> Dict[Path, float]:
        """log p(path) of every possible path."""
        log_partition = self.log_partition()
        return {path: score - log_partition for path, score in self.scores.items()}

    def probabilities(self) -> Dict[Path, float]:
        """p(path) of every possible path."""
        return {path: math.exp(log_prob) for path, log_prob in self.log_probs().items()}

    def log_marginals(self) -> List[List[float]]:
        """log p(y_t = tag), shape (num_tokens, num_tags); -inf where no path goes."""
        log_partition = self.log_partition()
        through: Dict[Tuple[int, int], List[float]] = {}
        for path, score in self.scores.items():
            for place in enumerate(path):
                through.setdefault(place, []).append(score)
        return [
            [
                (
                    log_sum_exp(through[token, tag]) - log_partition
                    if (token, tag) in through
                    else -math.inf
                )
                for tag in range(self.num_tags)
            ]
            for token in range(self.num_tokens)
        ]

    def marginals(self) -> List[List[float]]:
        """p(y_t = tag), shape (num_tokens, num_tags)."""
        return [[math.exp(log_prob) for log_prob in row] for row in self.log_marginals()]

    def edge_marginals(self) -> List[List[List[float]]]:
        """p(y_t = from, y_{t+1} = to), shape (num_tokens - 1, num_tags, num_tags)."""
        tags = range(self.num_tags)
        edges = [[[0.0 for _ in tags] for _ in tags] for _ in range(self.num_tokens - 1)]
        for path, probability in self.probabilities().items():
            for token, (one, other) in enumerate(zip(path, path[1:])):
                edges[token][one][other] += probability
        return edges

    def expected_transitions(self) -> List[List[float]]:
        """E[number of transitions from tag to tag], shape (num_tags, num_tags)."""
        tags, edges = range(self.num_tags), self.edge_marginals()
        return [[math.fsum(edge[one][other] for edge in edges) for other in tags] for one in tags]

    def expectation(self, value: Callable[[Path], float]) -> float:
        """E[value(y)], over the paths that have a probability."""
        return math.fsum(
            probability * value(path)
            for path, probability in self.probabilities().items()
            if probability > 0
        )

    def entropy(self) -> float:
        """-sum p log p in nats."""
        return self.cross_entropy(self)

    def cross_entropy(self, other: "BruteForce") -> float:
        """-sum p log q in nats; infinite if the other has not all paths."""
        log_probs = other.log_probs()
        return self.expectation(lambda path: -log_probs.get(path, -math.inf))

    def kl_divergence(self, other: "BruteForce") -> float:
        """sum p (log p - log q) in nats."""
        own, others = self.log_probs(), other.log_probs()
        return self.expectation(lambda path: own[path] - others.get(path, -math.inf))

    def tempered(self, temperature: float) -> "BruteForce":
        """p^(1/T), renormalised."""
        twin = copy.copy(self)
        twin.scores = {path: score / temperature for path, score in self.scores.items()}
        return twin

    def top_k(self, k: int) -> List[Tuple[Path, float]]:
        """
        The min(k, number of possible paths) best paths and their scores, best first.

        Among equals the suffix from the second token on decides, by its best completion; then the
        next shorter one, and so on; and where all these are equal, the lower last tag, then the
        lower one before it.
        """
        completed: Dict[Path, float] = {}
        for path, score in self.scores.items():
            for token in range(self.num_tokens):
                suffix = path[token:]
                completed[suffix] = max(score, completed.get(suffix, -math.inf))

        def rank(item: Tuple[Path, float]) -> Tuple[List[float], Path]:
            path = item[0]
            return [-completed[path[token:]] for token in range(len(path))], path[::-1]

        return sorted(self.scores.items(), key=rank)[:k]


def log_sum_exp(values: Iterable[float]) -> float:
    """log sum exp; the largest is taken out first."""
    values = list(values)
    largest = max(values)
    return largest + math.log(math.fsum(math.exp(value - largest) for value in values))


class ChainInputs(NamedTuple):
    """
    What a batch of chains is made of, in double precision; shapes as in `LinearChain`.

    Without transitions there are no start and end, either.
    """

    emissions: Tensor
    transitions: Optional[Tensor]
    start: Optional[Tensor]
    end: Optional[Tensor]
    mask: Tensor

    def chain(self, dtype: torch.dtype = torch.float64) -> LinearChain:
        """The dynamic programs' chain."""
        scores = [None if scores is None else scores.to(dtype) for scores in self[:4]]
        return LinearChain(*scores, self.mask)

    def sentences(self) -> List[BruteForce]:
        """The enumerated twins, one a sentence."""
        num_tags = self.emissions.size(2)
        square, flat = self.emissions.new_zeros(num_tags, num_tags), self.emissions.new_zeros(
            num_tags
        )
        transitions = square if self.transitions is None else self.transitions
        start = flat if self.start is None else self.start
        end = flat if self.end is None else self.end
        return [
            BruteForce(row[mask].tolist(), moves.tolist(), start.tolist(), end.tolist())
            for row, mask, moves in zip(
                self.emissions, self.mask, transitions.expand(len(self.mask), -1, -1)
            )
        ]


def random_inputs(
    lengths: Sequence[int],
    num_tags: int,
    seed: int = 0,
    forbidden: float = 0.0,
    ties: bool = False,
    scale: float = 2.0,
    num_tokens: Optional[int] = None,
    transitions: str = "shared",
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
    scale : `float`, optional (default = `2.0`)
        The scores' standard deviation; with ties it is 1.
    num_tokens : `int`, optional (default = the longest length)
        With padding.
    transitions : `str`, optional (default = `"shared"`)
        Or `"own"` of each sentence, or `"none"`: independent tokens.
    """
    generator = torch.Generator().manual_seed(seed)
    width = num_tokens or max(lengths)

    def scores(*shape: int) -> Tensor:
        values = scale * torch.randn(*shape, generator=generator, dtype=torch.float64)
        if ties:
            values = values.div(scale).round()
        banned = torch.rand(*shape, generator=generator) < forbidden
        return values.masked_fill(banned, -math.inf)

    emissions = scores(len(lengths), width, num_tags)
    batched = (len(lengths),) if transitions == "own" else ()
    moves = scores(*batched, num_tags, num_tags)
    start, end = scores(num_tags), scores(num_tags)
    mask = torch.arange(width) < torch.tensor(lengths).unsqueeze(1)
    emissions = torch.where(mask.unsqueeze(2), emissions, 100 * torch.ones_like(emissions))
    for row, length in enumerate(lengths):
        path = torch.randint(num_tags, (length,), generator=generator)
        for scores_of_path, index in (
            (emissions[row], (torch.arange(length), path)),
            (moves[row] if batched else moves, (path[:-1], path[1:])),
            (start, (path[0],)),
            (end, (path[-1],)),
        ):
            scores_of_path[index] = scores_of_path[index].clamp(min=-1.0)
    if transitions == "none":
        return ChainInputs(emissions, None, None, None, mask)
    return ChainInputs(emissions, moves, start, end, mask)
