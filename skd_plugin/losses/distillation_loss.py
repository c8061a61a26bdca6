"""What a distillation loss is."""

from typing import Optional

import torch
from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.structures import LinearChain


class DistillationLoss(Registrable):
    """
    A function of the student's chain and its teachers' knowledge; it says in `request` which knowledge it needs. One
    that looks at the student's hidden states overrides `of_states` in place of `__call__`.

    # Parameters

    weight : `float`, optional (default = `1.0`)
        How much it counts among the losses of a config.
    """

    request = KnowledgeRequest()

    def __init__(self, weight: float = 1.0) -> None:
        if weight <= 0:
            raise ConfigurationError(f"weight of a loss: expected a positive number, got {weight}")
        self.weight = weight

    def __call__(self, student: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        """
        # Parameters

        student : `LinearChain`
            Over the student's tags, unconstrained; its mask says what is padding.
        knowledge : `KnowledgeBatch`
            Answers `request`.

        # Returns

        `Tensor` of shape (batch_size,): the loss of each sentence, summed over its tokens; of a divergence in nats.
        """
        raise NotImplementedError

    def projection(self, student_dim: int) -> Optional[torch.nn.Module]:
        """
        Weights that the loss learns beside the student, if it has any; asked for once, by the student, whose states
        have `student_dim` features.
        """
        return None

    def of_states(self, student: LinearChain, states: Tensor, knowledge: KnowledgeBatch) -> Tensor:
        """
        The same, of a loss that looks at the student's hidden states, shape (batch_size, num_tokens, student_dim): the
        encodings from which it predicts tags. Losses that do not leave this method as it is.
        """
        return self(student, knowledge)


def tempered_divergence(
    log_teacher: Tensor, log_student: Tensor, mask: Tensor, temperature: float
) -> Tensor:
    """
    T^2 KL(softmax(teacher / T) || softmax(student / T)) summed over the tokens of each sentence (Hinton et al., 2015).

    # Parameters

    log_teacher, log_student : `Tensor`
        Shape (batch_size, num_tokens, num_tags), scores or log-probabilities; the teacher's may be -inf.
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    temperature : `float`
        T, positive.
    """
    log_p = torch.log_softmax(log_teacher / temperature, dim=-1)
    log_q = torch.log_softmax(log_student / temperature, dim=-1)
    p = log_p.exp()
    # 0 log 0 is 0: what the teacher holds impossible costs nothing.
    differences = torch.where(p > 0, log_p, log_q) - log_q
    return temperature**2 * ((p * differences).sum(dim=-1) * mask).sum(dim=-1)


def check_temperature(temperature: float) -> float:
    """Refuses what is not positive."""
    if temperature <= 0:
        raise ConfigurationError(f"temperature: expected a positive number, got {temperature}")
    return temperature


def needed(tensor: Optional[Tensor], name: str) -> Tensor:
    """The tensor, or an error that names what the knowledge lacks."""
    if tensor is None:
        raise ValueError(f"the knowledge has no {name}: was it collated for another request?")
    return tensor
