"""Posterior distillation, which looks at tokens through the whole structure."""

from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import (
    DistillationLoss,
    check_temperature,
    needed,
    tempered_divergence,
)
from skd_plugin.structures import LinearChain


@DistillationLoss.register("posterior")
class PosteriorLoss(DistillationLoss):
    """
    The divergence of token posteriors, T^2 sum KL(p_t^(1/T) || p_s^(1/T)) over tokens, each renormalised: posterior
    distillation of Wang et al. (ACL 2020).

    The temperature acts on the marginals, softmax((alpha + beta) / T). The minimum is 0.

    # Parameters

    temperature : `float`, optional (default = `1.0`)
    weight : `float`, optional (default = `1.0`)
    """

    request = KnowledgeRequest(frozenset(["posteriors"]))

    def __init__(self, temperature: float = 1.0, weight: float = 1.0) -> None:
        super().__init__(weight)
        self.temperature = check_temperature(temperature)

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        log_posteriors = needed(knowledge.log_posteriors, "posteriors")
        return tempered_divergence(
            log_posteriors, student.log_marginals, student.mask, self.temperature
        )
