"""A finder of answers in passages."""

from typing import Any, Dict, List, Optional, Tuple

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import util
from torch import Tensor

from skd_plugin.metrics import AnswerScores
from skd_plugin.modules.mean_state import mean_state
from skd_plugin.modules.pair_encoder import PairEncoder


@Model.register("answer_finder")
class AnswerFinder(Model):
    """
    Finds the piece of a passage that answers a question, by where it begins and where it ends, each of which is a word
    of the passage or nowhere (Devlin et al., NAACL 2019): p(start, end) = p(start) p(end), where each is a softmax over
    the passage's words and the mean of the question's, which stands for nowhere. Its metrics are those of SQuAD.

    It always answers, with words. Since nowhere takes its part of the probability, the answers of several windows of a
    passage can be compared.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
        Reads question and passage each by itself, such as `archived_encoder`.
    encoder : `Seq2SeqEncoder`
        Then reads both together.
    max_answer_tokens : `int`, optional (default = `30`)
    dropout : `float`, optional (default = `0.0`)
    """

    default_predictor = "answer_finder"

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Seq2SeqEncoder,
        max_answer_tokens: int = 30,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        if max_answer_tokens < 1:
            raise ConfigurationError(
                f"max_answer_tokens: expected 1 or more, got {max_answer_tokens}"
            )
        self.text_field_embedder = text_field_embedder
        input_dim = text_field_embedder.get_output_dim()
        self.pair_encoder = PairEncoder(input_dim, encoder, dropout)
        self.pointers = torch.nn.Linear(self.pair_encoder.output_dim, 2)
        self._max_answer_tokens = max_answer_tokens
        self._scores = AnswerScores()

    def forward(  # type: ignore[override]
        self,
        question: TextFieldTensors,
        passage: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        start: Optional[Tensor] = None,
        end: Optional[Tensor] = None,
    ) -> Dict[str, Any]:
        """
        # Parameters

        question, passage : `TextFieldTensors`
        metadata : `List[Dict[str, Any]]`
            Of each window, as the reader `squad_questions` gives it.
        start, end : `Tensor`, optional (default = `None`)
            Shape (batch_size,): words of the passage from 1 on, or 0 for nowhere.

        # Returns

        In evaluation of each window `answer` with `start_char`, `end_char` (exclusive) and `score`, its
        log-probability, and `id` and `language`; if it is known where the answer is, `loss`, a scalar.
        """
        log_probs, num_before = self._log_probs(question, passage)
        output: Dict[str, Any] = {}
        if start is not None and end is not None:
            losses = []
            for side, gold in enumerate((start, end)):
                place = torch.where(gold > 0, gold + num_before, gold)
                losses.append(torch.nn.functional.nll_loss(log_probs[:, :, side], place))
            output["loss"] = torch.stack(losses).mean()
        if not self.training:
            output.update(self._answers(log_probs, num_before, metadata))
        return output

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        return self._scores.get_metric(reset)

    def _log_probs(
        self, question: TextFieldTensors, passage: TextFieldTensors
    ) -> Tuple[Tensor, Tensor]:
        """
        Log-probabilities of starts and ends, shape (batch_size, 1 + num_tokens, 2): of nowhere, and of each word of
        question and passage; and how many words the questions have, shape (batch_size,).
        """
        pair = self.pair_encoder(self.text_field_embedder, question, passage)
        nowhere = mean_state(pair.states, pair.is_first).unsqueeze(1)
        logits = self.pointers(torch.cat([nowhere, pair.states], dim=1))
        allowed = torch.nn.functional.pad(pair.is_second, (1, 0), value=True).unsqueeze(2)
        logits = logits.masked_fill(~allowed, util.min_value_of_dtype(logits.dtype))
        return logits.log_softmax(dim=1), pair.is_first.sum(dim=1)

    def _answers(
        self, log_probs: Tensor, num_before: Tensor, metadata: List[Dict[str, Any]]
    ) -> Dict[str, List[Any]]:
        names = ("id", "language", "answer", "start_char", "end_char", "score")
        answers: Dict[str, List[Any]] = {name: [] for name in names}
        starts, ends = log_probs[:, 1:].unbind(dim=2)
        scores, spans = best_spans(starts, ends, self._max_answer_tokens)
        spans = spans - num_before.unsqueeze(1)
        for window, score, (first, last) in zip(metadata, scores.tolist(), spans.tolist()):
            start, end = window["offsets"][first][0], window["offsets"][last][1]
            answer = window["context"][start:end]
            found = (window["id"], window["language"], answer, start, end, score)
            for name, value in zip(names, found):
                answers[name].append(value)
            if window["answers"]:
                question = (window["id"], window["context"])
                self._scores(window["language"], question, score, answer, window["answers"])
        return answers


def best_spans(start: Tensor, end: Tensor, longest: int) -> Tuple[Tensor, Tensor]:
    """
    The best spans of at most so many words, by the sum of their scores.

    # Parameters

    start, end : `Tensor`
        Scores, shape (batch_size, num_tokens).
    longest : `int`

    # Returns

    Their scores, shape (batch_size,), and their first and last words, shape (batch_size, 2).
    """
    num_tokens = start.size(1)
    places = torch.arange(num_tokens, device=start.device)
    length = places.unsqueeze(0) - places.unsqueeze(1)
    # Shape: (batch_size, num_tokens, num_tokens)
    scores = start.unsqueeze(2) + end.unsqueeze(1)
    scores = scores.masked_fill((length < 0) | (length >= longest), float("-inf"))
    best, index = scores.flatten(1).max(dim=1)
    spans = torch.stack(
        [torch.div(index, num_tokens, rounding_mode="floor"), index % num_tokens], dim=1
    )
    return best, spans
