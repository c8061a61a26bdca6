"""Posterior distillation, which looks at tokens through the whole structure."""

from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import (
    DistillationLoss,
    check_temperature,
    needed,
    tempered_divergence,
)
from skd_plugin.losses.potentials import POTENTIALS, teacher_chain
from skd_plugin.structures import LinearChain

POSTERIORS = KnowledgeRequest(frozenset(["posteriors"]))


@DistillationLoss.register("posterior")
class PosteriorLoss(DistillationLoss):
    """
    The divergence of token posteriors, T^2 sum KL(p_t^(1/T) || p_s^(1/T)) over tokens: posterior distillation of Wang
    et al. (ACL 2020).

    Its minimum is 0.

    # Parameters

    temperature : `float`, optional (default = `1.0`)
        T, positive.
    temperature_on : `str`, optional (default = `"marginals"`)
        "marginals": locally, each token's posteriors to the power of 1/T, renormalised, softmax((alpha + beta) / T), as
        the papers do. "potentials": globally, the posteriors of the tempered chains p(y)^(1/T), in which neighbours
        stay coherent: a path is softened as a whole. It needs the potentials of one teacher a language, which scores
        tokens, and a second pass over them in every step.
    weight : `float`, optional (default = `1.0`)
    """

    def __init__(
        self, temperature: float = 1.0, temperature_on: str = "marginals", weight: float = 1.0
    ) -> None:
        super().__init__(weight)
        self.temperature = check_temperature(temperature)
        if temperature_on not in ("marginals", "potentials"):
            raise ConfigurationError(
                f'temperature_on: expected "marginals" or "potentials", got "{temperature_on}"'
            )
        self._on_potentials = temperature_on == "potentials" and temperature != 1
        self.request = POTENTIALS if self._on_potentials else POSTERIORS

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        temperature = self.temperature
        if not self._on_potentials:
            teacher = needed(knowledge.log_posteriors, "posteriors")
            return tempered_divergence(teacher, student.log_marginals, student.mask, temperature)
        teacher = teacher_chain(knowledge, student.mask).tempered(temperature).log_marginals
        log_marginals = student.tempered(temperature).log_marginals
        return temperature**2 * tempered_divergence(teacher, log_marginals, student.mask, 1.0)
