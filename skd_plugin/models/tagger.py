"""What the taggers of this plugin share."""

from typing import Any, Dict, List, Optional, Tuple

import torch
from allennlp.common.checks import ConfigurationError, check_dimensions_match
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import FeedForward, Seq2SeqEncoder, TextFieldEmbedder
from allennlp.modules.conditional_random_field import allowed_transitions
from allennlp.nn import util
from torch import Tensor

from skd_plugin.dataset_readers.sentence import UNLABELED
from skd_plugin.dataset_readers.tag_encodings import known_encoding
from skd_plugin.metrics import MultilingualMetric, SpanF1, TagAccuracy
from skd_plugin.modules.word_dropout import WordDropout
from skd_plugin.structures import TagDistribution


class Tagger(Model):
    """
    The way from words to encodings, and from tags to metrics; a sub-class puts a structure between them.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Seq2SeqEncoder`
    label_namespace : `str`, optional (default = `"labels"`)
    feedforward : `FeedForward`, optional (default = `None`)
        Behind the encoder.
    label_encoding : `str`, optional (default = `None`)
        "BIO", "BIOUL", "IOB1" or "BMES" for tags of spans: the metrics are then span precision, recall and F1, else
        accuracy.
    dropout : `float`, optional (default = `None`)
        Before and after the encoder.
    word_dropout : `float`, optional (default = `0.0`)
        The probability with which a word's embedding is dropped as a whole.
    """

    default_predictor = "multilingual_tagger"

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Seq2SeqEncoder,
        label_namespace: str = "labels",
        feedforward: Optional[FeedForward] = None,
        label_encoding: Optional[str] = None,
        dropout: Optional[float] = None,
        word_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        unknown = sorted(set(kwargs) - {"regularizer", "serialization_dir", "ddp_accelerator"})
        if unknown:
            raise ConfigurationError(f"{type(self).__name__} has no parameter {', '.join(unknown)}")
        super().__init__(vocab, **kwargs)
        self.label_namespace = label_namespace
        self.label_encoding = label_encoding and known_encoding(label_encoding)
        if vocab.get_vocab_size(label_namespace) == 0:
            raise ConfigurationError(
                f'the vocabulary has no "{label_namespace}": no sentence has gold tags. Name the labels of the '
                'teachers: "vocabulary": {"tokens_to_add": {"labels": [...]}}'
            )
        self.text_field_embedder = text_field_embedder
        self.word_dropout = WordDropout(word_dropout)
        self.dropout = torch.nn.Dropout(dropout or 0.0)
        self.encoder = encoder
        self._feedforward = feedforward
        self._encoding_dim = (encoder if feedforward is None else feedforward).get_output_dim()
        self._metric: MultilingualMetric = (
            SpanF1(self.label_encoding) if self.label_encoding else TagAccuracy()
        )
        self._check_dimensions()

    @property
    def num_tags(self) -> int:
        """How many tags there are."""
        return self.vocab.get_vocab_size(self.label_namespace)

    @property
    def tags(self) -> Dict[str, int]:
        """The tags, with their indices."""
        return dict(self.vocab.get_token_to_index_vocabulary(self.label_namespace))

    def distribution(self, output: Dict[str, Any], constrained: bool = True) -> TagDistribution:
        """The distributions over tag paths that `forward` has found; obeying the model's constraints, if it has any."""
        raise NotImplementedError

    def make_output_human_readable(self, output_dict: Dict[str, Any]) -> Dict[str, Any]:
        """Replaces the tags' indices by their names."""
        if "tags" in output_dict:  # which there are in evaluation alone
            output_dict["tags"] = [self._names(path) for path in output_dict["tags"]]
        return output_dict

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        return self._metric.get_metric(reset)

    def _encode(self, tokens: TextFieldTensors) -> Tuple[Tensor, Tensor]:
        """Encodings, shape (batch_size, num_tokens, encoding_dim), and mask, shape (batch_size, num_tokens)."""
        mask = util.get_text_field_mask(tokens)
        embedded = self.dropout(self.word_dropout(self.text_field_embedder(tokens)))
        encoded = self.dropout(self.encoder(embedded, mask))
        if self._feedforward is not None:
            encoded = self._feedforward(encoded)
        return encoded, mask

    def _count(
        self, decoded: List[List[int]], tags: Tensor, metadata: List[Dict[str, Any]]
    ) -> None:
        """Adds a batch to the metrics, but for unlabelled sentences."""
        for path, gold, sentence in zip(decoded, tags.tolist(), metadata):
            if gold[0] != UNLABELED:
                language = sentence.get("language", "und")  # a stock reader does not say
                self._metric(language, self._names(path), self._names(gold[: len(path)]))

    def _names(self, path: List[int]) -> List[str]:
        return [self.vocab.get_token_from_index(tag, self.label_namespace) for tag in path]

    def _allowed_transitions(
        self, parameter: str, wanted: Optional[bool]
    ) -> Optional[List[Tuple[int, int]]]:
        """The pairs of tags that the encoding allows, start and end included; `None` if that is not wanted."""
        if wanted is None:
            wanted = self.label_encoding is not None
        if not wanted:
            return None
        if self.label_encoding is None:
            raise ConfigurationError(f"{parameter} needs a label_encoding")
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


def labeled_sentences(tags: Tensor, mask: Tensor) -> Tensor:
    """Which sentences have gold tags, shape (batch_size,); shapes of both: (batch_size, num_tokens)."""
    return ((tags != UNLABELED) | ~mask).all(dim=1)


def unpadded(paths: Tensor, mask: Tensor) -> List[List[int]]:
    """Paths, shape (batch_size, num_tokens), without their padding."""
    lengths = mask.sum(dim=1).tolist()
    return [path[:length] for path, length in zip(paths.tolist(), lengths)]
