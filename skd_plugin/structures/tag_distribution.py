"""What can be asked of a distribution over tag paths, whatever its structure."""

from functools import cached_property
from typing import NamedTuple

from torch import Tensor


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


class TagDistribution:
    """
    A batch of distributions p(y) = exp(s(y) - log Z) over tag paths y, exact in all answers.

    `mask`, shape (batch_size, num_tokens), bool, says which tokens there are.
    """

    mask: Tensor

    @property
    def log_partition(self) -> Tensor:
        """log Z = log sum_y exp s(y), shape (batch_size,)."""
        raise NotImplementedError

    def score(self, tags: Tensor) -> Tensor:
        """
        s(y) of given paths.

        # Parameters

        tags : `Tensor`
            Shape (batch_size, num_tokens) or (batch_size, num_paths, num_tokens); any valid index on padding.

        # Returns

        `Tensor` of shape (batch_size,) or (batch_size, num_paths).
        """
        raise NotImplementedError

    def log_prob(self, tags: Tensor) -> Tensor:
        """log p(y) = s(y) - log Z of given paths; shapes as in `score`."""
        log_partition = self.log_partition if tags.dim() == 2 else self.log_partition.unsqueeze(1)
        return self.score(tags) - log_partition

    @property
    def log_marginals(self) -> Tensor:
        """log p(y_t = tag), shape (batch_size, num_tokens, num_tags); 0 on padding."""
        raise NotImplementedError

    @cached_property
    def marginals(self) -> Tensor:
        """p(y_t = tag), shape (batch_size, num_tokens, num_tags); 0 on padding."""
        return self.log_marginals.exp() * self.mask.unsqueeze(2)

    @property
    def expected_transitions(self) -> Tensor:
        """E[number of transitions from tag to tag], shape (batch_size, num_tags, num_tags): edge marginals summed."""
        raise NotImplementedError

    def top_k(self, k: int) -> TopK:
        """
        The `k` best distinct paths: min(k, number of paths of the sentence) are true in the mask.

        # Raises

        `ValueError` if `k` is not positive.
        """
        raise NotImplementedError

    def relabeled(self, tags: Tensor, num_tags: int) -> "TagDistribution":
        """
        The same distribution over more tags, of which the new ones are impossible.

        # Parameters

        tags : `Tensor`
            Shape (num_tags of this distribution,), the new index of each tag; all different.
        num_tags : `int`
            How many there are then.
        """
        raise NotImplementedError
