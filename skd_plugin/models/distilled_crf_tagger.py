"""The student."""

import os
from typing import Any, Dict, List, Optional, Union

import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError, check_dimensions_match
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import (
    ConditionalRandomField,
    FeedForward,
    Seq2SeqEncoder,
    TextFieldEmbedder,
    TimeDistributed,
)
from allennlp.modules.conditional_random_field import allowed_transitions
from allennlp.nn import InitializerApplicator, util
from torch import Tensor

from skd_plugin.dataset_readers.sentence import UNLABELED
from skd_plugin.dataset_readers.tag_encodings import known_encoding
from skd_plugin.knowledge import CachedKnowledge, KnowledgeBatch, KnowledgeRequest
from skd_plugin.losses import DistillationLoss, DistillationSchedule, Progress
from skd_plugin.losses.schedule import LinearByEpochSchedule
from skd_plugin.metrics import MultilingualMetric, SpanF1, TagAccuracy
from skd_plugin.modules.crf_chain import crf_chain
from skd_plugin.modules.word_dropout import WordDropout
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Teacher


@Model.register("distilled_crf_tagger")
class DistilledCrfTagger(Model):
    """
    A CRF tagger of many languages that learns from teachers of each (Wang et al., ACL 2020), and a plain CRF tagger
    where it has none.

    In training, with lambda of the `schedule` and the `losses` joined as `loss_reduction` says, a sentence costs
    lambda * distillation + (1 - lambda) * NLL; an unlabelled one lambda * distillation; one without knowledge NLL.
    A batch costs the mean over its sentences. In evaluation the loss is NLL alone.

    The teachers are read by the callback `cache_teacher_knowledge`. They are no part of the archive: a loaded model
    has none. Parameters that are not described here are those of AllenNLP's `crf_tagger`.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Seq2SeqEncoder`
    teachers : `Dict[str, List[Teacher]]`, optional (default = `None`)
        The teachers of each language; several answer as an even mixture.
    losses : `List[DistillationLoss]`, optional (default = `None`)
        What is learnt from the teachers; needed if there are any.
    loss_reduction : `str`, optional (default = `"mean"`)
        "mean", weighted by the losses' weights (as the paper does), or "sum" (as the authors' code does).
    schedule : `DistillationSchedule`, optional (default = `linear_by_epoch`, rate 1)
        How lambda changes over time.
    label_namespace : `str`, optional (default = `"labels"`)
    feedforward : `FeedForward`, optional (default = `None`)
        Between encoder and tag projection.
    label_encoding : `str`, optional (default = `None`)
        "BIO", "BIOUL", "IOB1" or "BMES" for tags of spans: the metrics are then span precision, recall and F1, else
        accuracy.
    include_start_end_transitions : `bool`, optional (default = `True`)
    constrain_crf_decoding : `bool`, optional (default = whether there is a `label_encoding`)
    dropout : `float`, optional (default = `None`)
        Before and after the encoder.
    word_dropout : `float`, optional (default = `0.0`)
        The probability with which a word's embedding is dropped as a whole.
    initializer : `InitializerApplicator`, optional
    """

    default_predictor = "multilingual_tagger"

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Seq2SeqEncoder,
        teachers: Optional[Dict[str, List[Teacher]]] = None,
        losses: Optional[List[DistillationLoss]] = None,
        loss_reduction: str = "mean",
        schedule: Optional[DistillationSchedule] = None,
        label_namespace: str = "labels",
        feedforward: Optional[FeedForward] = None,
        label_encoding: Optional[str] = None,
        include_start_end_transitions: bool = True,
        constrain_crf_decoding: Optional[bool] = None,
        dropout: Optional[float] = None,
        word_dropout: float = 0.0,
        initializer: InitializerApplicator = InitializerApplicator(),
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        if loss_reduction not in ("mean", "sum"):
            raise ConfigurationError(
                f'loss_reduction: expected "mean" or "sum", got "{loss_reduction}"'
            )
        if teachers and not losses:
            raise ConfigurationError(
                'there are teachers but no losses; say what to learn from them, e.g. "losses": [{"type": "posterior"}]'
            )
        self.teachers = teachers or {}
        self.losses = losses or []
        self.loss_reduction = loss_reduction
        self.schedule = schedule or LinearByEpochSchedule()
        self.label_namespace = label_namespace
        self.label_encoding = label_encoding and known_encoding(label_encoding)

        self.text_field_embedder = text_field_embedder
        self.word_dropout = WordDropout(word_dropout)
        self.dropout = torch.nn.Dropout(dropout or 0.0)
        self.encoder = encoder
        self._feedforward = feedforward
        projected = encoder if feedforward is None else feedforward
        num_tags = vocab.get_vocab_size(label_namespace)
        if num_tags == 0:
            raise ConfigurationError(
                f'the vocabulary has no "{label_namespace}": no sentence has gold tags. Name the labels of the '
                'teachers: "vocabulary": {"tokens_to_add": {"labels": [...]}}'
            )
        # As in the stock tagger, so that either's weights load into the other.
        self.tag_projection_layer = TimeDistributed(
            torch.nn.Linear(projected.get_output_dim(), num_tags)
        )
        self.crf = ConditionalRandomField(
            num_tags,
            self._constraints(constrain_crf_decoding),
            include_start_end_transitions,
        )
        self._metric: MultilingualMetric = (
            SpanF1(self.label_encoding) if self.label_encoding else TagAccuracy()
        )
        self._knowledge: Optional[CachedKnowledge] = None
        self._progress = Progress()
        self._check_dimensions()
        initializer(self)

    # ---- what the callback needs

    @property
    def request(self) -> KnowledgeRequest:
        """What the losses need to know."""
        request = KnowledgeRequest()
        for loss in self.losses:
            request = request | loss.request
        return request

    @property
    def tags(self) -> Dict[str, int]:
        """The student's tags, with their indices."""
        return dict(self.vocab.get_token_to_index_vocabulary(self.label_namespace))

    def learn_from(self, knowledge: CachedKnowledge) -> None:
        """Takes what the teachers know; from now on training distils it."""
        self._knowledge = knowledge

    def leave_teachers(self) -> None:
        """Ends the learning: from now on this is a plain tagger."""
        self.teachers = {}
        self._knowledge = None

    def advance(self, progress: Progress) -> None:
        """Says how far training has come, for the schedule."""
        self._progress = progress

    # ---- the model

    def forward(  # type: ignore[override]
        self,
        tokens: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        tags: Optional[Tensor] = None,
        **kwargs: Any,
    ) -> Dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
        metadata : `List[Dict[str, Any]]`
            Of each sentence `words`, `language` and `key`, as this plugin's readers give it.
        tags : `Tensor`, optional (default = `None`)
            Shape (batch_size, num_tokens); `UNLABELED` all along a sentence that has no gold tags.

        # Returns

        `logits`, (batch_size, num_tokens, num_tags); `mask`, (batch_size, num_tokens); `words`; and `loss`, a scalar,
        if `tags` are given; in evaluation also `tags`, the best path of each sentence, as indices.
        """
        mask = util.get_text_field_mask(tokens)
        embedded = self.dropout(self.word_dropout(self.text_field_embedder(tokens)))
        encoded = self.dropout(self.encoder(embedded, mask))
        if self._feedforward is not None:
            encoded = self._feedforward(encoded)
        logits = self.tag_projection_layer(encoded)

        output = {
            "logits": logits,
            "mask": mask,
            "words": [sentence["words"] for sentence in metadata],
        }
        if tags is not None:
            output["loss"] = self._loss(crf_chain(self.crf, logits, mask), metadata, tags)
        if not self.training:
            output["tags"] = self._decode(logits, mask)
            if tags is not None:
                self._count(output["tags"], tags, metadata)
        return output

    def chain(self, logits: Tensor, mask: Tensor) -> LinearChain:
        """The chain that the tagger decodes: constrained if its CRF is."""
        return crf_chain(self.crf, logits, mask, constrained=True)

    def make_output_human_readable(self, output_dict: Dict[str, Any]) -> Dict[str, Any]:
        """Replaces the tags' indices by their names."""
        output_dict["tags"] = [self._names(path) for path in output_dict["tags"]]
        return output_dict

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        return self._metric.get_metric(reset)

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

    # ---- the loss

    def _loss(self, chain: LinearChain, metadata: List[Dict[str, Any]], tags: Tensor) -> Tensor:
        # Shape: (batch_size,)
        labeled = self._labeled(tags, chain.mask)
        nll = -chain.log_prob(tags.clamp(min=0))
        gold = torch.where(labeled, nll, nll.new_zeros(()))
        if not self.training:
            return gold.mean()
        if not self.teachers:
            self._check_taught(labeled, metadata)
            return gold.mean()
        if self._knowledge is None:
            raise ConfigurationError(
                "the model has teachers, but nobody read them: add "
                '{"type": "cache_teacher_knowledge"} to the callbacks of the trainer'
            )
        knowledge = self._knowledge.batch(metadata, chain.mask.size(1), chain.mask.device)
        self._check_taught(labeled | knowledge.present, metadata)
        weight = self.schedule.weight(self._progress)
        mixed = weight * self._distillation(chain, knowledge) + (1 - weight) * gold
        return torch.where(knowledge.present, mixed, gold).mean()

    def _check_taught(self, taught: Tensor, metadata: List[Dict[str, Any]]) -> None:
        """Refuses to train on a sentence of which nothing can be learnt."""
        if not bool(taught.all()):
            sentence = metadata[int(taught.long().argmin())]
            raise ConfigurationError(
                f'a training sentence of "{sentence.get("language", "und")}" has neither gold tags nor a teacher '
                f'("{" ".join(sentence["words"])[:80]}"): was its tag column read?'
            )

    def _distillation(self, chain: LinearChain, knowledge: KnowledgeBatch) -> Tensor:
        """All losses of each sentence together, shape (batch_size,)."""
        weighted = [loss.weight * loss(chain, knowledge) for loss in self.losses]
        total = torch.stack(weighted).sum(dim=0)
        if self.loss_reduction == "mean":
            total = total / sum(loss.weight for loss in self.losses)
        return total

    # ---- small parts

    def _decode(self, logits: Tensor, mask: Tensor) -> List[List[int]]:
        paths, _ = self.chain(logits, mask).argmax()
        lengths = mask.sum(dim=1).tolist()
        return [path[:length] for path, length in zip(paths.tolist(), lengths)]

    def _count(
        self, decoded: List[List[int]], tags: Tensor, metadata: List[Dict[str, Any]]
    ) -> None:
        for path, gold, sentence in zip(decoded, tags.tolist(), metadata):
            if gold[0] != UNLABELED:
                language = sentence.get("language", "und")  # a stock reader does not say
                self._metric(language, self._names(path), self._names(gold[: len(path)]))

    def _names(self, path: List[int]) -> List[str]:
        return [self.vocab.get_token_from_index(tag, self.label_namespace) for tag in path]

    def _labeled(self, tags: Tensor, mask: Tensor) -> Tensor:
        return ((tags != UNLABELED) | ~mask).all(dim=1)

    def _constraints(self, constrained: Optional[bool]) -> Any:
        if constrained is None:
            constrained = self.label_encoding is not None
        if not constrained:
            return None
        if self.label_encoding is None:
            raise ConfigurationError("constrain_crf_decoding needs a label_encoding")
        labels = self.vocab.get_index_to_token_vocabulary(self.label_namespace)
        return allowed_transitions(self.label_encoding, labels)

    def _check_dimensions(self) -> None:
        check_dimensions_match(
            self.text_field_embedder.get_output_dim(),
            self.encoder.get_input_dim(),
            "text field embedding dim",
            "encoder input dim",
        )
        if self._feedforward is not None:
            check_dimensions_match(
                self.encoder.get_output_dim(),
                self._feedforward.get_input_dim(),
                "encoder output dim",
                "feedforward input dim",
            )
