"""Distillation of hidden states."""

from typing import Callable, Dict, Optional

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.nn import Activation
from torch import Tensor

from skd_plugin.knowledge.hidden_states import hidden_field
from skd_plugin.knowledge.knowledge import KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import (
    DistillationLoss,
    check_temperature,
    tempered_divergence,
)
from skd_plugin.structures import LinearChain

Distance = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""Of states of teacher and student, shape (batch_size, num_tokens, dim), mask and temperature: shape (batch_size,)."""


@DistillationLoss.register("hidden")
class HiddenLoss(DistillationLoss):
    """
    How far the student's states of each word are from those of a layer of its teacher, summed over tokens: the first
    stage of XtremeDistil (Mukherjee and Hassan Awadallah, ACL 2020). Its minimum is 0. The student's states are those
    from which it predicts tags.

    One projection serves all languages, so their teachers should have one space of states, as those have that were
    fine-tuned from one multilingual model.

    The distances:

    * "mse": the mean over features of (s - t)^2;
    * "cosine": 1 - cos(s, t), blind to lengths;
    * "softmax_kl": T^2 KL(softmax(t / T) || softmax(s / T)) over features, as the paper writes it, blind to a constant
      that is added to all features.

    # Parameters

    layer : `int`, optional (default = `-1`)
        Of the teacher, from 0, or from the last one, -1, backwards.
    distance : `str`, optional (default = `"mse"`)
    temperature : `float`, optional (default = `1.0`)
        T, of "softmax_kl" alone.
    teacher_dim : `int`, optional (default = `None`)
        How many features the teacher's states have: the student's are then projected to as many by weights that are
        learnt beside the student, and left out when the archive is loaded. Without it, the student must have as many
        (as with a `feedforward` of that width, which stays in the student).
    activation : `Activation`, optional (default = `"gelu"`)
        Of that projection, as in the paper. "gelu" gives nothing below -0.17: take "linear" for teachers whose states
        are negative as often as positive.
    weight : `float`, optional (default = `1.0`)

    In distributed training, where this is the only loss of a phase or its weight falls to 0, some weights get no
    gradient: say `"ddp_accelerator": {"type": "torch", "find_unused_parameters": true}` there.
    """

    def __init__(
        self,
        layer: int = -1,
        distance: str = "mse",
        temperature: float = 1.0,
        teacher_dim: Optional[int] = None,
        activation: Optional[Activation] = None,
        weight: float = 1.0,
    ) -> None:
        super().__init__(weight)
        if distance not in DISTANCES:
            names = ", ".join(DISTANCES)
            raise ConfigurationError(f'distance: expected one of {names}, got "{distance}"')
        if teacher_dim is not None and teacher_dim < 1:
            raise ConfigurationError(f"teacher_dim: expected 1 or more, got {teacher_dim}")
        self.temperature = check_temperature(temperature)
        self.request = KnowledgeRequest(frozenset([hidden_field(layer)]))
        self._layer = layer
        self._distance = DISTANCES[distance]
        self._teacher_dim = teacher_dim
        self._activation = activation or Activation.by_name("gelu")()
        self._projection: Optional[torch.nn.Module] = None

    def projection(self, student_dim: int) -> Optional[torch.nn.Module]:
        if self._teacher_dim is not None:
            self._projection = torch.nn.Linear(student_dim, self._teacher_dim)
        return self._projection

    def of_states(self, student: LinearChain, states: Tensor, knowledge: KnowledgeBatch) -> Tensor:
        teacher = knowledge.hidden[self._layer]
        if self._projection is not None:
            states = self._activation(self._projection(states))
        # What stands on padding must reach neither the loss nor its gradient.
        states = states.masked_fill(~student.mask.unsqueeze(-1), 0.0)
        if not bool(knowledge.present.any()):
            return 0.0 * states.sum(dim=(1, 2))  # the projection has a gradient, if one of 0
        if states.size(-1) != teacher.size(-1):
            raise ConfigurationError(
                f"loss hidden: layer {self._layer} of the teachers has {teacher.size(-1)} features, the student's "
                f'states have {states.size(-1)}; say "teacher_dim": {teacher.size(-1)}, or give the student a '
                "feedforward of that width"
            )
        return self._distance(teacher, states, student.mask, self.temperature)


def _mse(teacher: Tensor, student: Tensor, mask: Tensor, temperature: float) -> Tensor:
    return ((student - teacher).square().mean(dim=-1) * mask).sum(dim=-1)


def _cosine(teacher: Tensor, student: Tensor, mask: Tensor, temperature: float) -> Tensor:
    cosines = torch.nn.functional.cosine_similarity(student, teacher, dim=-1)
    return ((1 - cosines) * mask).sum(dim=-1)


DISTANCES: Dict[str, Distance] = {
    "mse": _mse,
    "cosine": _cosine,
    "softmax_kl": tempered_divergence,
}
