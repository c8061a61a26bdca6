"""What a student learns: from its teachers, from gold tags, or from both."""

from typing import Any, Dict, List, Optional

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge import CachedKnowledge, KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses.distillation_loss import DistillationLoss
from skd_plugin.losses.schedule import DistillationSchedule, LinearByEpochSchedule, Progress
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Teacher


class Distillation:
    """
    The training loss of a sentence: lambda * distillation + (1 - lambda) * gold (Wang et al., ACL 2020); an unlabelled
    one costs lambda * distillation, one without knowledge gold alone.

    # Parameters

    teachers : `Dict[str, List[Teacher]]`, optional (default = none)
        The teachers of each language; several answer as a mixture, by their weights.
    losses : `List[DistillationLoss]`, optional (default = none)
        What is learnt from them; needed if there are any.
    loss_reduction : `str`, optional (default = `"mean"`)
        How several losses are joined: "mean", weighted by their weights, or "sum".
    schedule : `DistillationSchedule`, optional (default = `linear_by_epoch`, rate 1)
        How lambda changes over time.
    later : `KnowledgeRequest`, optional (default = nothing)
        What the teachers are asked in the same pass, since a later phase of the training needs it.
    """

    def __init__(
        self,
        teachers: Optional[Dict[str, List[Teacher]]] = None,
        losses: Optional[List[DistillationLoss]] = None,
        loss_reduction: str = "mean",
        schedule: Optional[DistillationSchedule] = None,
        later: KnowledgeRequest = KnowledgeRequest(),
    ) -> None:
        if loss_reduction not in ("mean", "sum"):
            raise ConfigurationError(
                f'loss_reduction: expected "mean" or "sum", got "{loss_reduction}"'
            )
        self.teachers = teachers or {}
        self.losses = losses or []
        self._loss_reduction = loss_reduction
        self._schedule = schedule or LinearByEpochSchedule()
        self._knowledge: Optional[CachedKnowledge] = None
        self._progress = Progress()
        self._later = later
        self.is_measured = False
        """Whether validation looks at the losses too."""

    @property
    def request(self) -> KnowledgeRequest:
        """What the losses need to know; a `ConfigurationError` if there are teachers for nothing."""
        if self.teachers and not self.losses:
            raise ConfigurationError(
                'there are teachers but no losses; say what to learn from them, e.g. "losses": [{"type": "posterior"}]'
            )
        request = KnowledgeRequest()
        for loss in self.losses:
            request = request | loss.request
        return request

    @property
    def asked(self) -> KnowledgeRequest:
        """What the teachers are asked."""
        return self.request | self._later

    def learn_from(self, knowledge: CachedKnowledge) -> None:
        """Takes what the teachers know; from now on training distils it."""
        self._knowledge = knowledge

    def leave_teachers(self) -> None:
        """Ends the learning: from now on there is gold alone."""
        self.teachers = {}
        self._knowledge = None
        self.is_measured = False

    def advance(self, progress: Progress) -> None:
        """Says how far training has come, for the schedule."""
        self._progress = progress

    def projections(self, student_dim: int) -> torch.nn.ModuleList:
        """The weights that the losses learn beside the student, whose states have so many features."""
        found = [loss.projection(student_dim) for loss in self.losses] if self.teachers else []
        return torch.nn.ModuleList(module for module in found if module is not None)

    def __call__(
        self,
        student: LinearChain,
        metadata: List[Dict[str, Any]],
        gold: Tensor,
        labeled: Tensor,
        states: Tensor,
    ) -> Tensor:
        """
        # Parameters

        student : `LinearChain`
        metadata : `List[Dict[str, Any]]`
            Of each sentence `words`, `language` and `key`.
        gold : `Tensor`
            Shape (batch_size,), the loss on gold tags; 0 where there are none.
        labeled : `Tensor`
            Shape (batch_size,), bool: where there are.
        states : `Tensor`
            Shape (batch_size, num_tokens, student_dim), the encodings from which the student predicts.

        # Returns

        `Tensor` of shape (batch_size,), the loss of each sentence in nats.
        """
        if not self.teachers:
            _check_taught(labeled, metadata)
            return gold
        if self._knowledge is None:
            raise ConfigurationError(
                "the model has teachers, but nobody read them: add "
                '{"type": "cache_teacher_knowledge"} to the callbacks of the trainer'
            )
        weight = self._schedule.weight(self._progress)
        if weight == 0 and bool(labeled.all()):
            return gold
        knowledge = self._knowledge.batch(metadata, student.mask.size(1), student.mask.device)
        _check_taught(labeled | knowledge.present, metadata)
        from_teachers = self._from_teachers(student, states, knowledge)
        if weight == 1 and bool(knowledge.present.all()):
            return from_teachers  # spares the gradient of gold
        mixed = weight * from_teachers + (1 - weight) * gold
        return torch.where(knowledge.present, mixed, gold)

    def distance(
        self, student: LinearChain, metadata: List[Dict[str, Any]], states: Tensor
    ) -> Tensor:
        """What the losses say of the sentences that teachers know, shape (num_known,); as in `__call__`."""
        assert self._knowledge is not None
        knowledge = self._knowledge.batch(metadata, student.mask.size(1), student.mask.device)
        return self._from_teachers(student, states, knowledge)[knowledge.present]

    def _from_teachers(
        self, student: LinearChain, states: Tensor, knowledge: KnowledgeBatch
    ) -> Tensor:
        """All losses of each sentence together, shape (batch_size,)."""
        weighted = [
            loss.weight * loss.of_states(student, states, knowledge) for loss in self.losses
        ]
        total = torch.stack(weighted).sum(dim=0)
        if self._loss_reduction == "mean":
            total = total / sum(loss.weight for loss in self.losses)
        return total


def _check_taught(taught: Tensor, metadata: List[Dict[str, Any]]) -> None:
    """Refuses to train on a sentence of which nothing can be learnt."""
    if not bool(taught.all()):
        sentence = metadata[int(taught.long().argmin())]
        raise ConfigurationError(
            f'a training sentence of "{sentence.get("language", "und")}" has neither gold tags nor a teacher '
            f'("{" ".join(sentence["words"])[:80]}"): was its tag column read?'
        )
