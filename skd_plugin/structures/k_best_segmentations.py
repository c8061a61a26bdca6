"""The best segmentations of a batch of semi-Markov models."""

from typing import Tuple

import torch
from torch import Tensor

from .segmentations import Segmentations, Suffixes
from .span_sums import by_end, last_segments, prefixes, with_outside


@torch.no_grad()
def k_best_segmentations(
    span_scores: Tensor, outside_scores: Tensor, lengths: Tensor, k: int
) -> Tuple[Segmentations, Tensor]:
    """
    The k best distinct segmentations of every sentence, exactly.

    One pass finds delta[t], the score of the best segmentation of the first t tokens. Against it a segment that ends at
    t has a regret: by how much it makes the best segmentation of these tokens worse. From the end backwards, the sum of
    the regrets of a suffix is the distance of its best completion from the best of all, and no completion of one
    suffix is one of another: the k suffixes of the smallest sums lose none of the k best.

    Among equals those come first whose suffix comes first, then outside tokens, narrow spans, lower labels.

    # Parameters

    span_scores, outside_scores : `Tensor`
        Shapes (batch_size, num_tokens, max_width, num_labels) and (batch_size, num_tokens), finite.
    lengths : `Tensor`
        Shape (batch_size, 1), of the sentences in tokens.

    # Returns

    `Segmentations` of shape (batch_size, k, num_tokens), best first; and `Tensor` of shape (batch_size, k), double,
    their scores, below `IMPOSSIBLE` / 2 where there is no further one.
    """
    segments = with_outside(span_scores.amax(dim=3).double(), outside_scores, torch.maximum)
    best = prefixes(by_end(segments), torch.amax)
    regrets = best[:, 1:].unsqueeze(2) - last_segments(best, span_scores, outside_scores)
    # Shape: (batch_size, num_tokens, min(k, number of segments)), of the best that end at each token
    regrets, choices = (tensor[..., :k] for tensor in regrets.sort(dim=2, stable=True))

    suffixes = Suffixes(lengths, k, span_scores.size(3))
    # Shape: (batch_size, k); but one of the empty suffixes counts
    sums = regrets.new_full((len(regrets), k), float("inf"))
    sums[:, 0] = 0.0
    while not suffixes.whole:
        # What has reached the start of the sentence goes on in one way alone, which costs nothing.
        done = suffixes.before.unsqueeze(2) == 0
        here = suffixes.select(regrets).masked_fill(done, float("inf"))
        here[..., :1].masked_fill_(done, 0.0)
        candidates = (sums.unsqueeze(2) + here).flatten(1)
        sums, places = (tensor[:, :k] for tensor in candidates.sort(dim=1, stable=True))
        parents = torch.div(places, here.size(2), rounding_mode="floor")
        chosen = suffixes.select(choices).flatten(1).gather(1, places)
        suffixes.extend(parents, chosen)
    return suffixes.segmentations(span_scores.size(1)), best.gather(1, lengths) - sums
