"""
A batch of linear-chain conditional random fields, and the exact answers to what one asks of them.

A chain over the tags y_1 .. y_n of one sentence has the score

    s(y) = start[y_1] + sum_t emissions[t, y_t] + sum_t transitions[y_t, y_{t+1}] + end[y_n]

and the distribution p(y) = exp(s(y) - log Z).  The formulas of this page are explained in docs/structures.md.
"""

from functools import cached_property
from typing import Optional, Tuple, Union

import torch
from torch import Tensor

from .checks import check_mask, check_shape, computable
from .k_best import best, k_best
from .layout import IMPOSSIBLE, Layout, Scores
from .log_space_sums import LogSpaceSums
from .scaled_sums import ScaledSums
from .tag_distribution import TagDistribution, TopK
from .token_sums import TokenSums


class LinearChain(TagDistribution):
    """
    A batch of linear chains (Lafferty et al., 2001), over which all inference is exact.

    Scores may be -inf, which forbids a tag or a transition; every sentence needs one possible path. Half precision is
    computed in single, double stays double. All but `argmax`, `top_k` and `sample` is differentiable, once; what
    several quantities share (the sums over prefixes and suffixes, log Z) is computed once a chain; so what was first
    asked for under `torch.no_grad()` stays without a gradient.

    # Parameters

    emissions : `Tensor`
        Shape (batch_size, num_tokens, num_tags).
    transitions : `Tensor`, optional (default = `None`)
        Shape (num_tags, num_tags), from tag to tag; or (batch_size, num_tags, num_tags), each sentence its own. Without
        them tags are independent: a softmax a token.
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
        transitions: Optional[Tensor] = None,
        start: Optional[Tensor] = None,
        end: Optional[Tensor] = None,
        mask: Optional[Tensor] = None,
    ) -> None:
        if emissions.dim() != 3 or emissions.numel() == 0:
            raise ValueError(
                "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got "
                f"{tuple(emissions.shape)}"
            )
        batch_size, _, num_tags = emissions.shape
        self._independent = transitions is None and start is None and end is None
        if transitions is None:
            transitions = emissions.new_zeros(num_tags, num_tags)
        if start is None:
            start = emissions.new_zeros(num_tags)
        if end is None:
            end = emissions.new_zeros(num_tags)
        square = (num_tags, num_tags)
        batched = (batch_size,) if transitions.dim() == 3 else ()
        check_shape("transitions", transitions, (*batched, *square))
        check_shape("start", start, (num_tags,))
        check_shape("end", end, (num_tags,))
        mask = check_mask(mask, emissions)

        self.mask = mask
        emissions = computable(emissions)
        self.emissions = torch.where(mask.unsqueeze(2), emissions, emissions.new_zeros(()))
        self.transitions = computable(transitions).to(emissions.dtype)
        self.start = computable(start).to(emissions.dtype)
        self.end = computable(end).to(emissions.dtype)

    # ---- the sums that all else is made of

    @cached_property
    def _scores(self) -> Scores:
        return Scores(self.emissions, self.transitions, self.start, self.end)

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self.mask)

    @cached_property
    def _sums(self) -> Union[ScaledSums, LogSpaceSums, TokenSums]:
        if self._independent:
            return TokenSums(self.emissions, self.mask)
        scaled = ScaledSums(self._scores, self._layout)
        return scaled if scaled.certain else LogSpaceSums(self._scores, self._layout)

    @property
    def log_partition(self) -> Tensor:
        return self._sums.log_partition.to(self.emissions.dtype)

    # ---- the distribution

    def score(self, tags: Tensor) -> Tensor:
        return self._score(tags).to(self.emissions.dtype)

    def log_prob(self, tags: Tensor) -> Tensor:
        """
        log p(y) = s(y) - log Z of given paths, subtracted in double precision; -inf for a sentence without any path.

        Shapes as in `score`.
        """
        log_partition = self._sums.log_partition
        if tags.dim() == 3:
            log_partition = log_partition.unsqueeze(1)
        log_prob = (self._score(tags) - log_partition).to(self.emissions.dtype)
        return log_prob.masked_fill(log_partition < IMPOSSIBLE / 2, -float("inf"))

    def _score(self, tags: Tensor) -> Tensor:
        """`score` in double precision."""
        if tags.dim() == 2:
            return self._score(tags.unsqueeze(1)).squeeze(1)
        check_shape("tags", tags[:, 0], tuple(self.mask.shape))
        # Shape: (batch_size, num_paths, num_tokens)
        scores = self.emissions.transpose(1, 2).gather(1, tags)
        last = self._layout.last[:, None, None].expand(-1, tags.size(1), 1)
        # Shape: (batch_size, num_paths)
        first_tags, last_tags = tags[..., 0], tags.gather(2, last).squeeze(2)
        total = (
            scores.sum(dim=2, dtype=torch.float64)
            + self.start.expand(len(tags), -1).gather(1, first_tags)
            + self.end.expand(len(tags), -1).gather(1, last_tags)
        )
        if self._independent:
            return total
        # Shape: (batch_size, num_tags * num_tags)
        moves = self.transitions.flatten(-2).expand(tags.size(0), -1)
        # Shape: (batch_size, num_paths, num_tokens - 1)
        steps = tags[..., :-1] * self.start.size(0) + tags[..., 1:]
        moved = moves.gather(1, steps.flatten(1)).view_as(steps) * self.mask[:, None, 1:]
        return total + moved.sum(dim=2, dtype=torch.float64)

    @property
    def log_marginals(self) -> Tensor:
        return self._sums.log_marginals

    @cached_property
    def _log_edge_marginals(self) -> Tensor:
        """log p(y_t = from, y_{t+1} = to), shaped like `edge_marginals`; `IMPOSSIBLE` on padding."""
        before, after = self._sums.before_and_after
        log_edges = (
            (before + self.emissions)[:, :-1].unsqueeze(3)
            + self._moves
            + (self.emissions + after)[:, 1:].unsqueeze(2)
        )
        log_edges = log_edges.flatten(2).log_softmax(dim=-1).view_as(log_edges)
        edge_mask = self.mask[:, 1:, None, None]
        return torch.where(edge_mask, log_edges, log_edges.new_full((), IMPOSSIBLE))

    @cached_property
    def edge_marginals(self) -> Tensor:
        """p(y_t = from, y_{t+1} = to), shape (batch_size, num_tokens - 1, num_tags, num_tags); 0 on padding."""
        return self._log_edge_marginals.exp()

    @cached_property
    def expected_transitions(self) -> Tensor:
        """E[number of transitions from tag to tag], shape (batch_size, num_tags, num_tags): edge marginals summed."""
        if isinstance(self._sums, ScaledSums) and not any(
            one.requires_grad for one in self._scores
        ):
            return self._sums.expected_transitions
        return self.edge_marginals.sum(dim=1)

    @cached_property
    def _log_conditionals(self) -> Tensor:
        """log p(y_{t+1} = to | y_t = from), shape (batch_size, num_tokens - 1, from_tag, to_tag)."""
        _, after = self._sums.before_and_after
        return torch.log_softmax(self._moves + (self.emissions + after)[:, 1:].unsqueeze(2), dim=-1)

    @property
    def _moves(self) -> Tensor:
        """The transitions, to be added to shape (batch_size, num_tokens - 1, from_tag, to_tag)."""
        return self.transitions.view(-1, 1, *self.transitions.shape[-2:])

    def expected_score(self, marginals: Tensor, expected_transitions: Tensor) -> Tensor:
        """
        E[s(y)] under any distribution over the same paths, of which the expected tags and transitions suffice.

        # Parameters

        marginals : `Tensor`
            Shape (batch_size, num_tokens, num_tags), 0 on padding.
        expected_transitions : `Tensor`
            Shape (batch_size, num_tags, num_tags).

        # Returns

        `Tensor` of shape (batch_size,), in nats.
        """
        score = self._expected_score(marginals, expected_transitions)
        return score.to(self.emissions.dtype)

    def expected_log_prob(self, marginals: Tensor, expected_transitions: Tensor) -> Tensor:
        """E[log p(y)] = E[s(y)] - log Z, subtracted in double precision; as `expected_score`."""
        score = self._expected_score(marginals, expected_transitions)
        return (score - self._sums.log_partition).to(self.emissions.dtype)

    def _expected_score(self, marginals: Tensor, expected_transitions: Tensor) -> Tensor:
        """`expected_score` in double precision."""
        check_shape("marginals", marginals, tuple(self.emissions.shape))
        marginals = marginals.to(self.emissions.dtype)
        score = (marginals * self.emissions).sum(dim=(1, 2), dtype=torch.float64)
        if self._independent:
            return score
        square = (len(self.mask), *self.transitions.shape[-2:])
        check_shape("expected_transitions", expected_transitions, square)
        last = self._layout.last.view(-1, 1, 1).expand(-1, 1, self.start.size(0))
        return (
            score
            + (expected_transitions * self.transitions).sum(dim=(1, 2), dtype=torch.float64)
            + (marginals[:, 0] * self.start).sum(dim=1)
            + (marginals.gather(1, last).squeeze(1) * self.end).sum(dim=1)
        )

    # ---- its entropy, and its distance from another

    @cached_property
    def entropy(self) -> Tensor:
        """H(p) = H(y_1) + sum_t H(y_{t+1} | y_t) in nats, shape (batch_size,)."""
        return -self._expectation(self.log_marginals[:, 0], self._log_conditionals)

    def cross_entropy(self, other: "LinearChain") -> Tensor:
        """
        H(p, q) = -sum_y p(y) log q(y) in nats, exact, through the edge marginals of p; shape (batch_size,).

        # Parameters

        other : `LinearChain`
            q, over the same sentences and tags.

        # Raises

        `ValueError` if the other has other shapes or another mask.
        """
        self._check_comparable(other)
        return -self._expectation(other.log_marginals[:, 0], other._log_conditionals)

    def kl_divergence(self, other: "LinearChain") -> Tensor:
        """KL(p || q) = sum_y p(y) (log p(y) - log q(y)) in nats; as `cross_entropy`."""
        self._check_comparable(other)
        return self._expectation(
            self.log_marginals[:, 0] - other.log_marginals[:, 0],
            self._log_conditionals - other._log_conditionals,
        )

    def _expectation(self, first: Tensor, steps: Tensor) -> Tensor:
        """
        E[first[y_1] + sum_t steps[t, y_t, y_{t+1}]], shape (batch_size,); infinite where y may be what they forbid.

        Shapes: `first` (batch_size, num_tags), `steps` (batch_size, num_tokens - 1, num_tags, num_tags).
        """
        total = first.new_zeros(first.size(0))
        for probabilities, values in ((self.marginals[:, 0], first), (self.edge_marginals, steps)):
            used = probabilities > 0
            terms = probabilities * torch.where(used, values, values.new_zeros(()))
            total = total + terms.flatten(1).sum(dim=1)
            # Shape: (batch_size,), the sign of what is infinite
            infinite = (values.sign() * (used & (values.abs() > -IMPOSSIBLE / 2))).flatten(1).sum(1)
            total = torch.where(infinite == 0, total, infinite.detach() * float("inf"))
        return total

    def _check_comparable(self, other: "LinearChain") -> None:
        if self.emissions.shape != other.emissions.shape or not torch.equal(self.mask, other.mask):
            raise ValueError(
                "other: expected a chain over the same sentences and tags, of shape "
                f"{tuple(self.emissions.shape)} and with the same mask; got {tuple(other.emissions.shape)}"
            )

    # ---- paths

    def argmax(self) -> Tuple[Tensor, Tensor]:
        """The best path, shape (batch_size, num_tokens), and its score, shape (batch_size,) (Viterbi, 1967)."""
        paths, scores = best(self._scores, self._layout)
        exists = scores > IMPOSSIBLE / 2
        paths = paths * (exists.unsqueeze(1) & self.mask)
        return paths, scores.masked_fill(~exists, -float("inf"))

    def top_k(self, k: int) -> TopK:
        if k < 1:
            raise ValueError(f"k: expected a positive number of paths, got {k}")
        paths, scores = k_best(self._scores, self._layout, k)
        exists = scores > IMPOSSIBLE / 2
        paths = paths * (exists.unsqueeze(2) & self.mask.unsqueeze(1))
        return TopK(paths, scores.masked_fill(~exists, -float("inf")), exists)

    def sample(self, num_samples: int, generator: Optional[torch.Generator] = None) -> Tensor:
        """
        Independent draws from p, token by token from p(y_{t+1} | y_t).

        # Parameters

        num_samples : `int`
            For each sentence.
        generator : `torch.Generator`, optional (default = torch's own)
            The source of randomness, on the device of the scores.

        # Returns

        `Tensor` of shape (batch_size, num_samples, num_tokens), tag indices; 0 on padding.
        """
        batch_size, num_tokens, num_tags = self.emissions.shape
        onwards = (self.emissions + self._sums.before_and_after[1]).detach()
        # Shape: (batch_size, num_samples, num_tags)
        log_probs = self.log_marginals.detach()[:, :1].expand(-1, num_samples, -1)
        paths = []
        for token in range(num_tokens):
            probabilities = log_probs.softmax(dim=-1).flatten(0, 1)
            drawn = torch.multinomial(probabilities, 1, generator=generator)
            tags = drawn.view(batch_size, num_samples)
            paths.append(tags)
            if token + 1 < num_tokens:
                moves = self.transitions.detach().expand(batch_size, -1, -1)
                index = tags.unsqueeze(2).expand(-1, -1, num_tags)
                log_probs = moves.gather(1, index) + onwards[:, token + 1].unsqueeze(1)
        return torch.stack(paths, dim=2) * self.mask.unsqueeze(1)

    # ---- chains of chains

    def tempered(self, temperature: float) -> "LinearChain":
        """
        The chain with all scores divided by the temperature: p(y)^(1/T), renormalised over paths.

        # Raises

        `ValueError` if the temperature is not positive.
        """
        if not temperature > 0:
            raise ValueError(f"temperature: expected a positive number, got {temperature}")
        emissions, transitions, start, end = (
            torch.where(tensor > IMPOSSIBLE / 2, tensor / temperature, tensor)
            for tensor in self._scores
        )
        if self._independent:
            return LinearChain(emissions, mask=self.mask)
        return LinearChain(emissions, transitions, start, end, self.mask)

    def relabeled(self, tags: Tensor, num_tags: int) -> "LinearChain":
        batched = self.transitions.shape[:-2]
        emissions = self.emissions.new_full((*self.mask.shape, num_tags), IMPOSSIBLE)
        emissions[..., tags] = self.emissions
        if self._independent:
            return LinearChain(emissions, mask=self.mask)
        transitions = emissions.new_full((*batched, num_tags, num_tags), IMPOSSIBLE)
        transitions[..., tags.unsqueeze(1), tags] = self.transitions
        ends = emissions.new_full((2, num_tags), IMPOSSIBLE)
        ends[:, tags] = torch.stack([self.start, self.end])
        return LinearChain(emissions, transitions, ends[0], ends[1], self.mask)
