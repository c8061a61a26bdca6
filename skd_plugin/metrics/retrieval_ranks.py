"""Exact search for translations among sentences."""

from typing import Iterator, NamedTuple, Optional, Tuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

AT_ONCE = 2048
"""So many sentences of each side are compared at once; no more than the square of this number of scores is held."""
SAME = 1e-5
"""Scores that differ by less are equal: the same sums come out a little different in another order."""


class Ranks(NamedTuple):
    """
    Where the true translations of sentences stand among all candidates.

    # Parameters

    better, equal : `Tensor`
        Shape (num_sentences,): how many other candidates have a better, or the same, score.
    """

    better: Tensor
    equal: Tensor

    @property
    def precision_at_1(self) -> Tensor:
        """Shape (num_sentences,): the probability that the first one is right, equal ones being put in order by lot."""
        return (self.better == 0).double() / (1 + self.equal)

    @property
    def reciprocal_rank(self) -> Tensor:
        """Shape (num_sentences,): its expectation, equal ones being put in order by lot."""
        # The mean of 1 / rank over the ranks from better + 1 to better + equal + 1.
        sums = torch.zeros(int((self.better + self.equal).max()) + 2, dtype=torch.double)
        sums[1:] = (1 / torch.arange(1, len(sums)).double()).cumsum(dim=0)
        return (sums[self.better + self.equal + 1] - sums[self.better]) / (1 + self.equal)


def find_translations(
    one: Tensor, other: Tensor, csls_neighbors: Optional[int] = None
) -> Tuple[Ranks, Ranks]:
    """
    Ranks by cosine, or by cross-domain similarity local scaling (Conneau et al., ICLR 2018),

        csls(x, y) = 2 cos(x, y) - mean over y' next to x of cos(x, y') - mean over x' next to y of cos(x', y)

    which takes from sentences that are next to everything.

    # Parameters

    one, other : `Tensor`
        Shape (num_sentences, dim): sentences, and in the same order their translations.
    csls_neighbors : `int`, optional (default = `None`)
        How many are next to a sentence; `None` takes cosines.

    # Returns

    `Ranks` of the others for each of the one side, and the other way round; on the CPU.

    # Raises

    `ValueError` for embeddings that are no finite numbers, which would be like nothing and look well.
    """
    if not bool(one.isfinite().all() and other.isfinite().all()):
        raise ValueError("embeddings: expected finite numbers, got some that are not")
    one, other = normalize(one, dim=1), normalize(other, dim=1)
    scale, of_one, of_other = 1.0, one.new_zeros(len(one)), other.new_zeros(len(other))
    if csls_neighbors is not None:
        scale, (of_one, of_other) = 2.0, _means_of_next(one, other, csls_neighbors)
    true = scale * (one * other).sum(dim=1) - of_one - of_other
    # Better and equal ones of each. Shape: (2, num_sentences)
    counts = [torch.zeros(2, len(one), dtype=torch.long, device=one.device) for _ in range(2)]
    for rows, columns in _blocks(len(one)):
        scores = scale * one[rows] @ other[columns].T
        scores = scores - of_one[rows].unsqueeze(1) - of_other[columns]
        if rows == columns:
            scores.fill_diagonal_(-float("inf"))  # the translations themselves
        for dim, wanted, count in (
            (1, true[rows].unsqueeze(1), counts[0][:, rows]),
            (0, true[columns], counts[1][:, columns]),
        ):
            better = scores > wanted + SAME
            count[0] += better.sum(dim=dim)
            count[1] += ((scores >= wanted - SAME) & ~better).sum(dim=dim)
    return Ranks(*counts[0].cpu()), Ranks(*counts[1].cpu())


def _means_of_next(one: Tensor, other: Tensor, number: int) -> Tuple[Tensor, Tensor]:
    """The mean cosine of each sentence with those of the other side that are next to it."""
    number = min(number, len(one))
    best = [one.new_full((len(one), number), -float("inf")) for _ in range(2)]
    for rows, columns in _blocks(len(one)):
        scores = one[rows] @ other[columns].T
        best[0][rows] = torch.cat([best[0][rows], scores], dim=1).topk(number, dim=1)[0]
        best[1][columns] = torch.cat([best[1][columns], scores.T], dim=1).topk(number, dim=1)[0]
    return best[0].mean(dim=1), best[1].mean(dim=1)


def _blocks(size: int) -> Iterator[Tuple[slice, slice]]:
    """The parts of a square matrix."""
    starts = range(0, size, AT_ONCE)
    for row in starts:
        for column in starts:
            yield slice(row, row + AT_ONCE), slice(column, column + AT_ONCE)
