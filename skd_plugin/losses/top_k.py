"""Top-K distillation: the teacher's best paths as the student's gold."""

from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import DistillationLoss, needed
from skd_plugin.structures import LinearChain


@DistillationLoss.register("top_k")
class TopKLoss(DistillationLoss):
    """
    The mean of -log p_s(path) over the teacher's K best paths (Top-K of Wang et al., ACL 2020).

    Where fewer than K paths exist, the mean is over those that do. Its minimum is the logarithm of their number.

    # Parameters

    k : `int`, optional (default = `10`)
        How many paths.
    weight : `float`, optional (default = `1.0`)
    """

    def __init__(self, k: int = 10, weight: float = 1.0) -> None:
        super().__init__(weight)
        if k < 1:
            raise ConfigurationError(f"k of a loss: expected a positive number of paths, got {k}")
        self.request = KnowledgeRequest(frozenset(["paths"]), num_paths=k)
        self.k = k

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        # Losses of one config may ask for different numbers of paths: the batch holds the most.
        paths = needed(knowledge.paths, "paths")[:, : self.k]
        weights = self._weights(knowledge)[:, : self.k]
        return -(weights * student.log_prob(paths)).sum(dim=1)

    def _weights(self, knowledge: KnowledgeBatch) -> Tensor:
        exists = needed(knowledge.path_mask, "paths")[:, : self.k].float()
        return exists / exists.sum(dim=1, keepdim=True)


@DistillationLoss.register("weighted_top_k")
class WeightedTopKLoss(TopKLoss):
    """
    The mean of -log p_s(path) over the teacher's K best paths, weighted by the softmax of their scores (Top-WK of Wang
    et al., ACL 2020).

    Its minimum is the entropy of the weights.

    # Parameters

    k : `int`, optional (default = `10`)
        How many paths.
    weight : `float`, optional (default = `1.0`)
    """

    def _weights(self, knowledge: KnowledgeBatch) -> Tensor:
        log_probs = needed(knowledge.path_log_probs, "paths")[:, : self.k]
        return log_probs.softmax(dim=1)
