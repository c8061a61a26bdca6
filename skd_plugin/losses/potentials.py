"""The teachers' chain itself, for temperatures that act on potentials."""

import torch
from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import needed
from skd_plugin.structures import LinearChain

POTENTIALS = KnowledgeRequest(frozenset(["emissions", "transitions"]))


@torch.no_grad()
def teacher_chain(knowledge: KnowledgeBatch, mask: Tensor) -> LinearChain:
    """
    The chain of every sentence's teacher, in the student's tags; tags that the teacher lacks are impossible.

    # Parameters

    knowledge : `KnowledgeBatch`
        Answers `POTENTIALS`.
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    """
    emissions = needed(knowledge.log_emissions, "emissions").clone()
    transitions = needed(knowledge.transitions, "transitions")
    # Each sentence has a teacher of its own: the scores of its ends go with its first and its last token.
    sentence, last = torch.arange(len(mask), device=mask.device), mask.sum(dim=1) - 1
    emissions[:, 0] += transitions[:, -2]
    emissions[sentence, last] += transitions[:, -1]
    return LinearChain(emissions, transitions[:, :-2], mask=mask)
