"""Emission distillation, which looks at each token alone."""

from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import (
    DistillationLoss,
    check_temperature,
    needed,
    tempered_divergence,
)
from skd_plugin.structures import LinearChain


@DistillationLoss.register("emission")
class EmissionLoss(DistillationLoss):
    """
    The divergence of emission distributions, T^2 sum KL(softmax(e_t / T) || softmax(e_s / T)) over tokens: the
    token-level baseline of Wang et al. (ACL 2020), blind to transitions.

    Its minimum is 0.

    # Parameters

    temperature : `float`, optional (default = `1.0`)
    weight : `float`, optional (default = `1.0`)
    """

    request = KnowledgeRequest(frozenset(["emissions"]))

    def __init__(self, temperature: float = 1.0, weight: float = 1.0) -> None:
        super().__init__(weight)
        self.temperature = check_temperature(temperature)

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        log_emissions = needed(knowledge.log_emissions, "emissions")
        return tempered_divergence(log_emissions, student.emissions, student.mask, self.temperature)
