"""The best paths of a batch of linear chains."""

from typing import List, NamedTuple, Tuple

import torch
from torch import Tensor

from .layout import Layout, Scores


@torch.no_grad()
def best(scores: Scores, layout: Layout) -> Tuple[Tensor, Tensor]:
    """
    The best path of every sentence (Viterbi, 1967); among equals the one with the lowest last tag, and so on backwards.

    # Returns

    `Tensor` of shape (batch_size, num_tokens), with any tags on padding; and `Tensor` of shape (batch_size,), the
    scores.
    """
    prefixes = _Prefixes.of(scores, layout)
    best_scores, last_tags = prefixes.finished.max(dim=1)
    # Shape: (num_tokens, batch_size)
    tags = layout.at_last(last_tags)
    steps = layout.cut(tags)
    for token in range(len(steps) - 1, 0, -1):
        here, reached = steps[token], steps[token - 1]
        if len(reached) > len(here):
            reached = reached[: len(here)]
        torch.argmax(prefixes.candidates(token, here), dim=1, out=reached)
    return layout.in_order(tags.t()), layout.in_order(best_scores).to(scores.emissions.dtype)


@torch.no_grad()
def k_best(scores: Scores, layout: Layout, k: int) -> Tuple[Tensor, Tensor]:
    """
    The k best distinct paths of every sentence, exactly.

    One Viterbi pass finds, for each token and tag, the score of the best prefix that ends there. Against it, a step
    back from a tag to a previous tag has a regret: by how much the best prefix through that previous tag is worse than
    the best of all. A suffix whose steps are known can be completed without any further regret, so the sum of its
    regrets is the distance of its best completion from the best path; and no completion of one suffix is one of
    another. So whoever walks back with the k suffixes of the smallest sums loses none of the k best paths. A list
    Viterbi algorithm (Seshadri and Sundberg, 1994) keeps k prefixes of every tag; here the pass does not depend on k,
    and a step back sorts k * num_tags regrets once a sentence instead of once a tag.

    Among equals those come first whose suffix comes first, and then the lower tag.

    # Returns

    `Tensor` of shape (batch_size, k, num_tokens), the paths, best first, with any tags on padding; and `Tensor` of
    shape (batch_size, k), their scores, below `IMPOSSIBLE` / 2 where there is no further path.
    """
    prefixes = _Prefixes.of(scores, layout)
    finished = prefixes.finished
    num_tags = finished.size(1)
    best_scores = finished.amax(dim=1, keepdim=True)
    first = min(k, num_tags)
    # The difference of a zero and a negative zero is a negative zero, of which no bits may be compared.
    last_regrets, last_tags = _smallest((best_scores - finished).abs(), first)
    # Shape: (num_tokens, batch_size, k); no suffix takes the other places, which are infinitely bad
    pad = torch.nn.functional.pad
    regrets = layout.at_last(pad(last_regrets, (0, k - first), value=float("inf")))
    # A step back is numbered parent * num_tags + tag: which suffix it extends, and what tag it reaches.
    steps = layout.at_last(pad(last_tags, (0, k - first)))
    steps += torch.arange(k, device=steps.device) * num_tags
    regrets_at, steps_at = layout.cut(regrets), layout.cut(steps)
    for token in range(len(steps_at) - 1, 0, -1):
        tags = steps_at[token].remainder(num_tags)
        # Shape: (running, k, num_tags)
        candidates = prefixes.candidates(token, tags.flatten(), k)
        sums = candidates.amax(dim=2, keepdim=True) - candidates + regrets_at[token].unsqueeze(2)
        smallest, place = _smallest(sums.flatten(1), k)
        regrets_at[token - 1][: len(place)] = smallest
        steps_at[token - 1][: len(place)] = place

    parents = torch.div(steps, num_tags, rounding_mode="floor")
    tags = steps - parents * num_tags
    # Shape: (batch_size, k)
    suffix = torch.arange(k, device=tags.device).expand_as(tags[0])
    paths = []
    for parent, reached in zip(parents.unbind(0), tags.unbind(0)):
        paths.append(reached.gather(1, suffix))
        suffix = parent.gather(1, suffix)
    values = (best_scores - regrets[0]).to(scores.emissions.dtype)
    return layout.in_order(torch.stack(paths, dim=2)), layout.in_order(values)


class _Prefixes(NamedTuple):
    """
    The scores of the best prefixes, in double precision, sentences by falling length.

    # Parameters

    before : `List[Tensor]`
        Of each token but the last, shape (running, num_tags), for the sentences that have the next token: of the best
        prefix that ends in a tag.
    finished : `Tensor`
        Shape (batch_size, num_tags): of the best path that ends in a tag.
    moves : `Tensor`
        Shape (num_tags, num_tags) or (batch_size, num_tags, num_tags), from the later tag to the earlier.
    """

    before: List[Tensor]
    finished: Tensor
    moves: Tensor

    @classmethod
    def of(cls, scores: Scores, layout: Layout) -> "_Prefixes":
        transitions = scores.transitions.double()
        # Sentences run along the last dimension, where maxima over tags are fastest.
        # Shape: (from_tag, to_tag, batch_size or 1)
        if transitions.dim() == 3:
            transitions = layout.by_length(transitions)
            moves = transitions.permute(1, 2, 0).contiguous()
        else:
            moves = transitions.unsqueeze(2)
        # Shape: (num_tokens, num_tags, batch_size)
        through = layout.by_length(scores.emissions).permute(1, 2, 0)
        through = through.to(torch.float64, memory_format=torch.contiguous_format, copy=True)
        through[0] += scores.start.unsqueeze(1)
        before = through[0]
        for here, running in zip(through.unbind(0)[1:], layout.running[1:]):
            if running < before.size(1):
                before, moves = before[:, :running], moves[..., :running]
                here = here[:, :running]
            elif running < here.size(1):
                here = here[:, :running]
            here.add_((before.unsqueeze(1) + moves).amax(dim=0))
            before = here
        through = through.transpose(1, 2).contiguous()
        finished = layout.select_last(through) + scores.end
        steps = [step[:running] for step, running in zip(through.unbind(0), layout.running[1:])]
        return cls(steps, finished, transitions.transpose(-2, -1).contiguous())

    def candidates(self, token: int, tags: Tensor, k: int = 0) -> Tensor:
        """
        The best prefixes through each previous tag to the given tags of a token.

        Shapes: `tags` (running,), what is returned (running, num_tags); with a `k`, `tags` (running * k,), what is
        returned (running, k, num_tags).
        """
        before = self.before[token - 1]
        moves = self.moves
        if moves.dim() == 3:
            sentence = torch.arange(len(tags), device=tags.device)
            sentence = torch.div(sentence, max(k, 1), rounding_mode="floor")
            tags = sentence * moves.size(1) + tags
            moves = moves.flatten(0, 1)
        moved = moves.index_select(0, tags)
        if not k:
            return moved.add_(before)
        return moved.view(len(before), k, -1).add_(before.unsqueeze(1))


def _smallest(values: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    """
    The k smallest of non-negative doubles, shape (batch_size, number), in order, and where they are.

    Numbers that differ in the last digits alone count as equal: their places take the room of these digits, so that
    equals come in the order of their places on every device.
    """
    digits = (1 << (values.size(1) - 1).bit_length()) - 1
    places = torch.arange(values.size(1), device=values.device)
    # Non-negative doubles are ordered as their bits are.
    keys = (values.view(torch.int64) & ~digits) | places
    smallest = keys.topk(k, dim=1, largest=False, sorted=True)[0] & digits
    return values.gather(1, smallest), smallest
