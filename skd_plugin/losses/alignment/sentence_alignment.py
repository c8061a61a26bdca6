"""A sentence in any language means what the teacher takes its English for."""

import math
from typing import Optional

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor
from torch.nn.functional import normalize

from skd_plugin.losses.alignment.alignment_objective import (
    AlignmentObjective,
    PairBatch,
    needed_teacher,
)


@AlignmentObjective.register("sentence_alignment")
class SentenceAlignment(AlignmentObjective):
    """
    How far what the student makes of either side is from what the teacher makes of the English one: squared distances,
    the mean over pairs and both sides (Reimers and Gurevych, EMNLP 2020). The sentence level of MMKD (Li et al., EMNLP
    2022). Of a pair it is

        (|s(english) - t|^2 + |s(other) - t|^2) / 2

    with the teacher's embedding t of length 1, as s.

    A learnt projection of the teacher could make all sentences one, whose distances are 0. There is none unless
    `teacher_dim` is given, and then a term keeps its features apart (Bardes et al., ICLR 2022):

        spread_weight * mean over features of max(0, 1 / sqrt(sentence_dim) - std of t)

    where 1 / sqrt(sentence_dim) is what the features of evenly scattered directions have.

    # Parameters

    teacher_dim : `int`, optional (default = `None`)
        How many features the teacher's embeddings have: they are then projected to as many as the student's have, by
        weights that are learnt. The paper has such a projection and no guard. Without it the student must have as many
        as the teacher (`sentence_dim` of the model), and learns its very space, which cannot collapse.
    normalized : `bool`, optional (default = `True`)
        Whether s and t have length 1. Sentence encoders are compared by cosines, and the loss is then of the size of
        the other levels; without it, it is the mean over features, and the spread that is kept 1.
    spread_weight : `float`, optional (default = `1.0`)
        Of the term above. With 0 nothing guards a learnt projection.
    weight : `float`, optional (default = `1.0`)
    """

    name = "sentence_alignment"
    needs_teacher = True

    def __init__(
        self,
        teacher_dim: Optional[int] = None,
        normalized: bool = True,
        spread_weight: float = 1.0,
        weight: float = 1.0,
    ) -> None:
        super().__init__(weight)
        if teacher_dim is not None and teacher_dim < 1:
            raise ConfigurationError(f"teacher_dim: expected 1 or more, got {teacher_dim}")
        if spread_weight < 0:
            raise ConfigurationError(f"spread_weight: expected 0 or more, got {spread_weight}")
        self._teacher_dim = teacher_dim
        self._normalized = normalized
        self._spread_weight = spread_weight
        self._projection: Optional[torch.nn.Linear] = None

    def layers(
        self, encoder_dim: int, sentence_dim: int, num_pieces: int
    ) -> Optional[torch.nn.Module]:
        if self._teacher_dim is not None:
            self._projection = torch.nn.Linear(self._teacher_dim, sentence_dim)
            torch.nn.init.orthogonal_(self._projection.weight)  # all that the teacher tells apart
            torch.nn.init.zeros_(self._projection.bias)
        return self._projection

    def __call__(self, batch: PairBatch) -> Tensor:
        teacher = needed_teacher(batch)
        if self._projection is not None:
            teacher = self._projection(teacher)
        if teacher.size(1) != batch.pivot.size(1):
            raise ConfigurationError(
                f"sentence_alignment: the teacher's embeddings have {teacher.size(1)} features, the student's "
                f'{batch.pivot.size(1)}; give the model "sentence_dim": {teacher.size(1)}, or this objective '
                f'"teacher_dim": {teacher.size(1)}'
            )
        sides = [distance(side, teacher, self._normalized) for side in (batch.pivot, batch.other)]
        loss = torch.stack(sides).mean()
        if self._projection is not None and self._spread_weight:
            loss = loss + self._spread_weight * lack_of_spread(teacher, self._normalized)
        return loss


def distance(student: Tensor, teacher: Tensor, normalized: bool) -> Tensor:
    """
    Squared distances, shape (batch_size,), of embeddings, shape (batch_size, sentence_dim): of their directions, 2 - 2
    cos, or the mean over features.
    """
    if normalized:
        return (normalize(student, dim=1) - normalize(teacher, dim=1)).square().sum(dim=1)
    return (student - teacher).square().mean(dim=1)


def lack_of_spread(teacher: Tensor, normalized: bool) -> Tensor:
    """How much the standard deviations of features over a batch fall short; of one sentence 0. A scalar."""
    if len(teacher) < 2:
        return teacher.new_zeros(())
    wanted = 1.0
    if normalized:
        teacher, wanted = normalize(teacher, dim=1), 1 / math.sqrt(teacher.size(1))
    # The root of the variance has no gradient at 0, where it is needed most.
    deviations = (teacher.var(dim=0, unbiased=False) + 1e-8).sqrt()
    return (wanted - deviations).clamp(min=0).mean()
