"""Sentences are alike for the student as far as they are for the teacher."""

from typing import List, Optional

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor
from torch.nn.functional import normalize

from skd_plugin.losses.alignment.alignment_objective import (
    AlignmentObjective,
    PairBatch,
    needed_teacher,
    positive,
)
from skd_plugin.losses.alignment.gathering import gathered

PAIRINGS = ("other-other", "pivot-pivot", "pivot-other")


@AlignmentObjective.register("structure_alignment")
class StructureAlignment(AlignmentObjective):
    """
    How differently teacher and student see which sentences of a batch are alike: the structure level of MMKD (Li et
    al., EMNLP 2022), which compares the other language with itself, English with itself, and both with each other. It
    is the mean over sentences i and such pairings of

        KL(softmax_j(cos(t_i, t_j) / T_t) || softmax_j(cos(a_i, b_j) / T_s))

    where t are the teacher's embeddings of the English sides, a and b the student's of one side or the other. Teacher
    and student need not have as many features.

    In distributed training the batch is that of all processes together.

    # Parameters

    pairings : `List[str]`, optional (default = `["other-other", "pivot-pivot", "pivot-other"]`)
        What a and b are, all three in the paper. "pivot-other" is the mean of both directions, of which the paper names
        one: a softmax over the other side does not see how sentences of the pivot compete.
    teacher_temperature : `float`, optional (default = `0.2`)
        T_t. The paper gives none. With a small one the teacher says little but which sentence is the translation, with
        a large one that all are alike.
    student_temperature : `float`, optional (default = `0.2`)
        T_s; if it is T_t, the minimum is at the teacher's cosines.
    with_self : `bool`, optional (default = `False`)
        Whether a sentence is compared with itself within a language. That similarity is 1 for all, and takes nearly all
        of a softmax. Its translation is always compared with, as that is what aligns the languages.
    weight : `float`, optional (default = `1.0`)
    """

    name = "structure_alignment"
    needs_teacher = True

    def __init__(
        self,
        pairings: Optional[List[str]] = None,
        teacher_temperature: float = 0.2,
        student_temperature: float = 0.2,
        with_self: bool = False,
        weight: float = 1.0,
    ) -> None:
        super().__init__(weight)
        self._pairings = list(PAIRINGS) if pairings is None else pairings
        unknown = sorted(set(self._pairings) - set(PAIRINGS))
        if unknown or not self._pairings:
            raise ConfigurationError(
                f"pairings: expected some of {', '.join(PAIRINGS)}, got {self._pairings}"
            )
        self._teacher_temperature = positive("teacher_temperature", teacher_temperature)
        self._student_temperature = positive("student_temperature", student_temperature)
        self._with_self = with_self

    def __call__(self, batch: PairBatch) -> Tensor:
        sides = {"pivot": gathered(batch.pivot), "other": gathered(batch.other)}
        teacher = gathered(needed_teacher(batch))
        losses = []
        for pairing in self._pairings:
            one, other = pairing.split("-")
            skip_self = one == other and not self._with_self
            wanted = similarities(teacher, teacher, self._teacher_temperature, skip_self)
            found = similarities(sides[one], sides[other], self._student_temperature, skip_self)
            loss = divergence(wanted, found)
            if one != other:
                loss = (loss + divergence(wanted, found.T)) / 2
            losses.append(loss)
        return torch.stack(losses).mean()


def similarities(one: Tensor, other: Tensor, temperature: float, skip_self: bool) -> Tensor:
    """
    Cosines over the temperature, shape (batch_size, batch_size); -inf on the diagonal if it is to be skipped. Shapes of
    both: (batch_size, dim).
    """
    scores = normalize(one, dim=1) @ normalize(other, dim=1).T / temperature
    if skip_self:
        scores = scores.masked_fill(
            torch.eye(len(scores), device=scores.device).bool(), -float("inf")
        )
    return scores


def divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """
    KL(softmax(teacher) || softmax(student)), the mean over rows; 0 for one sentence, which is like nothing else.

    Shapes: (batch_size, batch_size).
    """
    if len(teacher) < 2:
        return 0.0 * student.masked_fill(student.isinf(), 0.0).sum()
    log_p, log_q = teacher.log_softmax(dim=1), student.log_softmax(dim=1)
    is_skipped = teacher.isinf()
    log_p, log_q = log_p.masked_fill(is_skipped, 0.0), log_q.masked_fill(is_skipped, 0.0)
    p = log_p.exp().masked_fill(is_skipped, 0.0)
    return (p * (log_p - log_q)).sum(dim=1).mean()
