"""Logit distillation: squared differences of log-probabilities."""

import torch
from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import DistillationLoss, needed
from skd_plugin.structures import LinearChain


@DistillationLoss.register("logits")
class LogitsLoss(DistillationLoss):
    """
    Squared differences of what teacher and student say of each tag of a token by itself, sum (log p_s - log p_t)^2 / C
    over tokens and the C tags that the teacher has: the second stage of XtremeDistil (Mukherjee and Hassan Awadallah,
    ACL 2020).

    Log-probabilities stand for logits, which say the same up to a constant a token. Unlike a divergence it minds tags
    that are improbable as much as those that are not. Its minimum is 0.

    # Parameters

    weight : `float`, optional (default = `1.0`)
    """

    request = KnowledgeRequest(frozenset(["emissions"]))

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        log_teacher = needed(knowledge.log_emissions, "emissions")
        log_student = student.emissions.log_softmax(dim=-1)
        counted = (log_teacher > -float("inf")) & student.mask.unsqueeze(-1)
        # Where nothing is counted, neither the value nor its gradient may be.
        apart = torch.where(counted, log_student - log_teacher, log_student.new_zeros(()))
        num_tags = counted.sum(dim=-1).clamp(min=1)
        return (apart.square().sum(dim=-1) / num_tags).sum(dim=-1)
