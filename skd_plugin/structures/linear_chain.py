"""
A batch of linear-chain conditional random fields, and the exact answers to what one asks of them.

A chain over the tags y_1 .. y_n of one sentence has the score

    s(y) = start[y_1] + sum_t emissions[t, y_t] + sum_t transitions[y_t, y_{t+1}] + end[y_n]

and the distribution p(y) = exp(s(y) - log Z).  This file imports nothing but torch.
"""

from functools import cached_property
from typing import NamedTuple, Optional, Tuple, cast

import torch
from torch import Tensor

# Stands for minus infinity inside the dynamic programs: it survives additions over thousands of tokens, and unlike
# -inf it gives no NaN in a gradient.  A path exists if its score stays above half of it.
IMPOSSIBLE = -1e30


class TopK(NamedTuple):
    """
    The best paths of every sentence, best first.

    # Parameters

    paths : `Tensor`
        Shape (batch_size, num_paths, num_tokens), tag indices; 0 on padding and where no path exists.
    scores : `Tensor`
        Shape (batch_size, num_paths), s(y) in nats, unnormalised; -inf where no path exists.
    mask : `Tensor`
        Shape (batch_size, num_paths), bool; false where a sentence has fewer paths.
    """

    paths: Tensor
    scores: Tensor
    mask: Tensor


class LinearChain:
    """
    A batch of linear chains (Lafferty et al., 2001), over which all inference is exact.

    Scores may be -inf, which forbids a tag or a transition; every sentence needs one possible path. Half precision is
    computed in single, double stays double. All but `argmax` and `top_k` is differentiable; what several quantities
    share (alpha, beta, log Z) is computed once a chain.

    # Parameters

    emissions : `Tensor`
        Shape (batch_size, num_tokens, num_tags).
    transitions : `Tensor`
        Shape (num_tags, num_tags), from tag to tag.
    start, end : `Tensor`, optional (default = zeros)
        Shape (num_tags,), scores of the first and of the last tag.
    mask : `Tensor`, optional (default = all true)
        Shape (batch_size, num_tokens), true on tokens: a non-empty prefix of every row.

    # Raises

    `ValueError` if the shapes disagree or the mask is no prefix.
    """

    def __init__(
        self,
        emissions: Tensor,
        transitions: Tensor,
        start: Optional[Tensor] = None,
        end: Optional[Tensor] = None,
        mask: Optional[Tensor] = None,
    ) -> None:
        if emissions.dim() != 3 or emissions.numel() == 0:
            raise ValueError(
                "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got "
                f"{tuple(emissions.shape)}"
            )
        batch_size, num_tokens, num_tags = emissions.shape
        if start is None:
            start = emissions.new_zeros(num_tags)
        if end is None:
            end = emissions.new_zeros(num_tags)
        if mask is None:
            mask = torch.ones(batch_size, num_tokens, dtype=torch.bool, device=emissions.device)
        _check_shape("transitions", transitions, (num_tags, num_tags))
        _check_shape("start", start, (num_tags,))
        _check_shape("end", end, (num_tags,))
        _check_shape("mask", mask, (batch_size, num_tokens))
        mask = mask.bool()
        if not bool(mask[:, 0].all()) or bool((mask[:, 1:] > mask[:, :-1]).any()):
            raise ValueError(
                "mask: expected tokens first and padding last, and a token in every row"
            )

        self.mask = mask
        self.emissions = _computable(emissions)
        self.transitions = _computable(transitions).to(self.emissions.dtype)
        self.start = _computable(start).to(self.emissions.dtype)
        self.end = _computable(end).to(self.emissions.dtype)

    # ---- the partition function and what it is made of

    @cached_property
    def log_partition(self) -> Tensor:
        """log Z = log sum_y exp s(y), shape (batch_size,)."""
        alpha, shift = self._forward
        return torch.logsumexp(alpha[:, -1] + self.end, dim=-1) + shift

    @cached_property
    def _forward(self) -> Tuple[Tensor, Tensor]:
        """
        Log-sum of the scores of all prefixes that end in a tag, like the emissions; on padding the last token's.

        Each token's is shifted to the maximum 0: sums over many tokens would leave no digits to tell tags apart. The
        second tensor, shape (batch_size,), is the sum of the shifts.
        """
        alpha, shift = _shift_to_zero(self.start + self.emissions[:, 0])
        alphas, shifts = [alpha], [shift]
        for token in range(1, self.emissions.size(1)):
            # Shape: (batch_size, from_tag, to_tag)
            extended = alpha.unsqueeze(2) + self.transitions
            extended = torch.logsumexp(extended, dim=1) + self.emissions[:, token]
            extended, shift = _shift_to_zero(extended)
            here = self.mask[:, token, None]
            alpha = torch.where(here, extended, alpha)
            alphas.append(alpha)
            shifts.append(shift.masked_fill(~here, 0.0))
        return torch.stack(alphas, dim=1), torch.cat(shifts, dim=1).sum(dim=1)

    @cached_property
    def _beta(self) -> Tensor:
        """Log-sum of the scores of all suffixes that follow a tag, shifted likewise; on padding `end`."""
        beta = _shift_to_zero(self.end)[0].expand(self.emissions.size(0), -1)
        betas = [beta]
        for token in range(self.emissions.size(1) - 1, 0, -1):
            # Shape: (batch_size, from_tag, to_tag)
            extended = self.transitions + (self.emissions[:, token] + beta).unsqueeze(1)
            extended = _shift_to_zero(torch.logsumexp(extended, dim=2))[0]
            beta = torch.where(self.mask[:, token, None], extended, beta)
            betas.append(beta)
        return torch.stack(betas[::-1], dim=1)

    # ---- the distribution

    def score(self, tags: Tensor) -> Tensor:
        """
        s(y) of given paths.

        # Parameters

        tags : `Tensor`
            Shape (batch_size, num_tokens) or (batch_size, num_paths, num_tokens); any valid index on padding.

        # Returns

        `Tensor` of shape (batch_size,) or (batch_size, num_paths).
        """
        if tags.dim() == 2:
            return self.score(tags.unsqueeze(1)).squeeze(1)
        # Shape: (batch_size, 1, num_tokens)
        mask = self.mask.unsqueeze(1)
        # Shape: (batch_size, num_paths, num_tokens)
        emitted = self.emissions.transpose(1, 2).gather(1, tags)
        # Shape: (batch_size, num_paths, num_tokens - 1)
        moved = self.transitions[tags[..., :-1], tags[..., 1:]]
        last = (self.mask.sum(dim=1) - 1)[:, None, None].expand(-1, tags.size(1), 1)
        return (
            self.start[tags[..., 0]]
            + torch.where(mask, emitted, emitted.new_zeros(())).sum(dim=-1)
            + torch.where(mask[..., 1:], moved, moved.new_zeros(())).sum(dim=-1)
            + self.end[tags.gather(2, last).squeeze(2)]
        )

    def log_prob(self, tags: Tensor) -> Tensor:
        """log p(y) = s(y) - log Z of given paths; shapes as in `score`."""
        log_partition = self.log_partition if tags.dim() == 2 else self.log_partition.unsqueeze(1)
        return self.score(tags) - log_partition

    @cached_property
    def log_marginals(self) -> Tensor:
        """log p(y_t = tag), shape (batch_size, num_tokens, num_tags); 0 on padding."""
        log_marginals = torch.log_softmax(self._forward[0] + self._beta, dim=-1)
        return torch.where(self.mask.unsqueeze(2), log_marginals, log_marginals.new_zeros(()))

    @cached_property
    def marginals(self) -> Tensor:
        """p(y_t = tag), shape (batch_size, num_tokens, num_tags); 0 on padding."""
        return self.log_marginals.exp() * self.mask.unsqueeze(2)

    @cached_property
    def _log_edge_marginals(self) -> Tensor:
        """log p(y_t = from, y_{t+1} = to), shaped like `edge_marginals`; -1e30 on padding."""
        log_edges = (
            self._forward[0][:, :-1].unsqueeze(3)
            + self.transitions
            + (self.emissions[:, 1:] + self._beta[:, 1:]).unsqueeze(2)
        )
        log_edges = log_edges.flatten(2).log_softmax(dim=-1).view_as(log_edges)
        edge_mask = self.mask[:, 1:, None, None]
        return torch.where(edge_mask, log_edges, log_edges.new_full((), IMPOSSIBLE))

    @cached_property
    def edge_marginals(self) -> Tensor:
        """p(y_t = from, y_{t+1} = to), shape (batch_size, num_tokens - 1, num_tags, num_tags); 0 on padding."""
        return self._log_edge_marginals.exp()

    @cached_property
    def entropy(self) -> Tensor:
        """H(p) = H(y_1) + sum_t H(y_{t+1} | y_t) in nats, shape (batch_size,)."""
        first = (self.marginals[:, 0] * self.log_marginals[:, 0]).sum(dim=1)
        log_conditionals = self._log_edge_marginals - self.log_marginals[:, :-1].unsqueeze(3)
        return -first - (self.edge_marginals * log_conditionals).sum(dim=(1, 2, 3))

    # ---- the best paths

    def argmax(self) -> Tuple[Tensor, Tensor]:
        """The best path, shape (batch_size, num_tokens), and its score, shape (batch_size,) (Viterbi, 1967)."""
        best = self.top_k(1)
        return best.paths[:, 0], best.scores[:, 0]

    @torch.no_grad()
    def top_k(self, k: int) -> TopK:
        """
        The `k` best distinct paths: min(k, number of paths of the sentence) are true in the mask.

        Keeps the k best prefixes that end in each tag (list Viterbi; Seshadri and Sundberg, 1994), for the whole batch
        at once. On padding a prefix stays where it is, so that every sentence is read from its own last token.

        # Raises

        `ValueError` if `k` is not positive.
        """
        if k < 1:
            raise ValueError(f"k: expected a positive number of paths, got {k}")
        batch_size, num_tokens, num_tags = self.emissions.shape
        # A prefix is numbered tag * k + rank. Shape: (batch_size, num_tags, k)
        scores = self.emissions.new_full((batch_size, num_tags, k), IMPOSSIBLE)
        scores[:, :, 0] = self.start + self.emissions[:, 0]
        stay = torch.arange(num_tags * k, device=scores.device).view(1, num_tags, k)
        pointers = []
        for token in range(1, num_tokens):
            # Shape: (batch_size, to_tag, from_tag * k)
            extended = scores.unsqueeze(1) + self.transitions.t()[None, :, :, None]
            best, pointer = extended.flatten(2).topk(k, dim=2)
            best = best + self.emissions[:, token].unsqueeze(2)
            here = self.mask[:, token, None, None]
            scores = torch.where(here, best, scores)
            pointers.append(torch.where(here, pointer, stay))

        best, prefix = (scores + self.end[:, None]).flatten(1).topk(k, dim=1)
        steps = [prefix]
        for pointer in reversed(pointers):
            prefix = pointer.flatten(1).gather(1, prefix)
            steps.append(prefix)
        # Shape: (batch_size, k, num_tokens)
        paths = torch.div(torch.stack(steps[::-1], dim=2), k, rounding_mode="floor")
        exists = best > IMPOSSIBLE / 2
        paths = paths * (exists.unsqueeze(2) & self.mask.unsqueeze(1))
        return TopK(paths, best.masked_fill(~exists, -float("inf")), exists)


def _check_shape(name: str, tensor: Tensor, expected: Tuple[int, ...]) -> None:
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name}: expected shape {expected}, got {tuple(tensor.shape)}")


def _shift_to_zero(scores: Tensor) -> Tuple[Tensor, Tensor]:
    """Scores less their maximum over the last dimension, and that maximum, which counts as a constant."""
    maximum = scores.detach().amax(dim=-1, keepdim=True)
    return scores - maximum, maximum


def _computable(scores: Tensor) -> Tensor:
    """At least single precision, and finite."""
    if scores.dtype in (torch.float16, torch.bfloat16):
        scores = scores.float()
    return cast(Tensor, scores.clamp(min=IMPOSSIBLE))
