"""The student without a structure: a softmax a token."""

import os
from typing import Any, Dict, List, Optional, Union

import torch
from allennlp.common import Params
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import TimeDistributed
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import dist_reduce_sum
from torch import Tensor

from skd_plugin.losses import Distillation, DistillationLoss, DistillationSchedule
from skd_plugin.models.state_dicts import without
from skd_plugin.models.tagger import Tagger, labeled_sentences, unpadded
from skd_plugin.modules.crf_chain import constrained_chain
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Teacher


@Model.register("distilled_tagger")
class DistilledTagger(Tagger):
    """
    A tagger of many languages that learns from teachers of each (Wang et al., ACL 2020 and 2021), and a plain tagger
    where it has none. Its tags are independent given the words, p(y) = prod_t softmax(logits_t)[y_t].

    In training, with lambda of the `schedule` and the `losses` joined as `loss_reduction` says, a sentence costs
    lambda * distillation + (1 - lambda) * NLL; an unlabelled one lambda * distillation; one without knowledge NLL.
    A batch costs the mean over its sentences. In evaluation the loss is NLL alone.

    The teachers are read by the callback `cache_teacher_knowledge`. They are no part of the archive: a loaded model
    has none.

    # Parameters

    vocab : `Vocabulary`
    teachers : `Dict[str, List[Teacher]]`, optional (default = `None`)
        The teachers of each language; several answer as a mixture, by their weights.
    losses : `List[DistillationLoss]`, optional (default = `None`)
        What is learnt from the teachers; needed if there are any.
    loss_reduction : `str`, optional (default = `"mean"`)
        "mean", weighted by the losses' weights (as the paper does), or "sum" (as the authors' code does).
    schedule : `DistillationSchedule`, optional (default = `linear_by_epoch`, rate 1)
        How lambda changes over time.
    constrain_decoding : `bool`, optional (default = whether there is a `label_encoding`)
        Whether predicted tags obey the encoding.
    initializer : `InitializerApplicator`, optional
    **kwargs
        `text_field_embedder`, `encoder`, `feedforward`, `label_namespace`, `label_encoding`, `dropout` and
        `word_dropout` of `Tagger`.
    """

    def __init__(
        self,
        vocab: Vocabulary,
        teachers: Optional[Dict[str, List[Teacher]]] = None,
        losses: Optional[List[DistillationLoss]] = None,
        loss_reduction: str = "mean",
        schedule: Optional[DistillationSchedule] = None,
        constrain_decoding: Optional[bool] = None,
        initializer: InitializerApplicator = InitializerApplicator(),
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        self.learn_by(Distillation(teachers, losses, loss_reduction, schedule))
        self._distances = 0.0
        self._num_distances = 0
        # As in the stock taggers, so that either's weights load into the other.
        self.tag_projection_layer = TimeDistributed(
            torch.nn.Linear(self._encoding_dim, self.num_tags)
        )
        self._constraints = self._allowed_transitions("constrain_decoding", constrain_decoding)
        initializer(self)

    def forward(  # type: ignore[override]
        self,
        tokens: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        tags: Optional[Tensor] = None,
        decode: bool = True,
        **kwargs: Any,
    ) -> Dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
        metadata : `List[Dict[str, Any]]`
            Of each sentence `words`, `language` and `key`, as this plugin's readers give it.
        tags : `Tensor`, optional (default = `None`)
            Shape (batch_size, num_tokens); `UNLABELED` all along a sentence that has no gold tags.
        decode : `bool`, optional (default = `True`)
            Whether the best paths are wanted in evaluation; a teacher is asked for other things.

        # Returns

        `logits`, (batch_size, num_tokens, num_tags); `mask`, (batch_size, num_tokens); `words`; and `loss`, a scalar,
        if `tags` are given; in evaluation also `tags`, the best path of each sentence, as indices.
        """
        encoded, mask = self._encode(tokens)
        logits = self.tag_projection_layer(encoded)
        output = {
            "logits": logits,
            "mask": mask,
            "words": [sentence["words"] for sentence in metadata],
        }
        if tags is not None:
            chain = self.chain(logits, mask, constrained=False)
            output["loss"] = self._loss(chain, metadata, tags, encoded)
        if decode and not self.training:
            output["tags"] = unpadded(self.chain(logits, mask).argmax()[0], mask)
            if tags is not None:
                self._count(output["tags"], tags, metadata)
        return output

    def chain(self, logits: Tensor, mask: Tensor, constrained: bool = True) -> LinearChain:
        """
        The distribution over tag paths; while it learns, unconstrained.

        Shapes: `logits` (batch_size, num_tokens, num_tags), `mask` (batch_size, num_tokens).
        """
        if constrained and self._constraints is not None:
            return constrained_chain(logits, mask, self._constraints)
        return LinearChain(logits, mask=mask)

    def distribution(self, output: Dict[str, Any], constrained: bool = True) -> LinearChain:
        return self.chain(output["logits"], output["mask"], constrained)

    def learn_by(self, distillation: Distillation) -> None:
        """What is learnt from now on; what the losses before had learnt beside the model is forgotten."""
        self.distillation = distillation
        device = next(self.text_field_embedder.parameters(), torch.zeros(())).device
        self.loss_projections = distillation.projections(self._encoding_dim).to(device)

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        metrics = super().get_metrics(reset)
        if self.distillation.is_measured and not self.training:
            metrics["distillation_loss"] = self._mean_distance(reset)
        return metrics

    def _mean_distance(self, reset: bool) -> float:
        """Over the sentences of an epoch; those of other processes are asked for at its end alone."""
        total, number = self._distances, self._num_distances
        if reset:
            total, number = dist_reduce_sum(total), dist_reduce_sum(number)
            self._distances, self._num_distances = 0.0, 0
        return total / max(number, 1)

    def _loss(
        self, chain: LinearChain, metadata: List[Dict[str, Any]], tags: Tensor, encoded: Tensor
    ) -> Tensor:
        # Shape: (batch_size,)
        labeled = labeled_sentences(tags, chain.mask)
        nll = -chain.log_prob(tags.clamp(min=0))
        gold = torch.where(labeled, nll, nll.new_zeros(()))
        if self.training:
            return self.distillation(chain, metadata, gold, labeled, encoded).mean()
        if self.distillation.is_measured:
            distances = self.distillation.distance(chain, metadata, encoded)
            self._distances += float(distances.sum())
            self._num_distances += len(distances)
        return gold.mean()

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """A student without teachers leaves out what its losses have learnt."""
        if not len(self.loss_projections):
            state_dict = without(state_dict, "loss_projections.")
        return super().load_state_dict(state_dict, *args, **kwargs)

    @classmethod
    def _load(
        cls,
        config: Params,
        serialization_dir: Union[str, os.PathLike],
        weights_file: Optional[Union[str, os.PathLike]] = None,
        cuda_device: int = -1,
    ) -> Model:
        """Loads the student alone: what it learnt from is not needed, and may be gone."""
        config["model"].pop("teachers", None)
        return super()._load(config, serialization_dir, weights_file, cuda_device)
