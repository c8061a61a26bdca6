"""A classifier of sentence pairs."""

from typing import Any, Dict, List, Optional

import torch
from allennlp.common.checks import ConfigurationError, check_dimensions_match
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import FeedForward, Seq2SeqEncoder, TextFieldEmbedder
from torch import Tensor

from skd_plugin.metrics import TagAccuracy
from skd_plugin.modules.mean_state import mean_state
from skd_plugin.modules.pair_encoder import PairEncoder


@Model.register("pair_classifier")
class PairClassifier(Model):
    """
    Says what two sentences are to each other, such as whether one follows from the other, by what the means u and v of
    their states are: a linear layer over [u, v, |u - v|, u * v] (Conneau et al., EMNLP 2017). Its metrics are
    accuracies.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
        Reads each sentence by itself, such as `archived_encoder`.
    encoder : `Seq2SeqEncoder`, optional (default = `None`)
        Then reads both together; without one, each sentence has an embedding of its own, as in the paper, which tells
        little of pairs of the same words (PAWS).
    feedforward : `FeedForward`, optional (default = `None`)
        Before the linear layer.
    dropout : `float`, optional (default = `0.0`)
    """

    default_predictor = "sentence_pairs"

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Optional[Seq2SeqEncoder] = None,
        feedforward: Optional[FeedForward] = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        num_labels = vocab.get_vocab_size("labels")
        if num_labels == 0:
            raise ConfigurationError('the vocabulary has no "labels": no pair has a label')
        self.text_field_embedder = text_field_embedder
        input_dim = text_field_embedder.get_output_dim()
        self.pair_encoder = PairEncoder(input_dim, encoder, dropout)
        dim = 4 * self.pair_encoder.output_dim
        self.feedforward = feedforward
        if feedforward is not None:
            found = feedforward.get_input_dim()
            check_dimensions_match(dim, found, "4 * encoding dim", "feedforward input dim")
            dim = feedforward.get_output_dim()
        self.label_layer = torch.nn.Linear(dim, num_labels)
        self._accuracy = TagAccuracy()

    def forward(  # type: ignore[override]
        self,
        first: TextFieldTensors,
        second: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        label: Optional[Tensor] = None,
    ) -> Dict[str, Any]:
        """
        # Parameters

        first, second : `TextFieldTensors`
        metadata : `List[Dict[str, Any]]`
            Of each pair its `language`.
        label : `Tensor`, optional (default = `None`)
            Shape (batch_size,).

        # Returns

        `probabilities`, shape (batch_size, num_labels), and, if there are labels, `loss`, a scalar.
        """
        pair = self.pair_encoder(self.text_field_embedder, first, second)
        # Shapes: (batch_size, dim)
        u, v = (mean_state(pair.states, of) for of in (pair.is_first, pair.is_second))
        features = torch.cat([u, v, (u - v).abs(), u * v], dim=1)
        if self.feedforward is not None:
            features = self.feedforward(features)
        logits = self.label_layer(features)
        output = {"probabilities": logits.softmax(dim=1)}
        if label is not None:
            output["loss"] = torch.nn.functional.cross_entropy(logits, label)
            for one, found, right in zip(metadata, logits.argmax(dim=1), label):
                self._accuracy(one["language"], [self._name(found)], [self._name(right)])
        return output

    def make_output_human_readable(self, output_dict: Dict[str, Any]) -> Dict[str, Any]:
        """The likeliest label of each pair, and the probabilities of all by name."""
        rows = output_dict["probabilities"].tolist()
        names = self.vocab.get_index_to_token_vocabulary("labels")
        output_dict["probabilities"] = [
            {names[label]: probability for label, probability in enumerate(row)} for row in rows
        ]
        output_dict["label"] = [
            max(of_pair, key=of_pair.__getitem__) for of_pair in output_dict["probabilities"]
        ]
        return output_dict

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        return self._accuracy.get_metric(reset)

    def _name(self, label: Tensor) -> str:
        return str(self.vocab.get_token_from_index(int(label), "labels"))
