"""A tagger that scores spans."""

import logging
from typing import Any, Dict, List, Optional, Tuple, cast

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.logging import AllenNlpLogger
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import FeedForward, Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from torch import Tensor

from skd_plugin.dataset_readers.tag_encodings import WRITE_AS, TagError, tags_to_spans
from skd_plugin.models.tagger import Tagger, labeled_sentences, unpadded
from skd_plugin.modules.span_scorer import BiaffineSpanScorer
from skd_plugin.structures import SemiMarkov, SpanTags, TaggedSpans
from skd_plugin.structures.layout import IMPOSSIBLE

logger = cast(AllenNlpLogger, logging.getLogger(__name__))


@Model.register("span_tagger")
class SpanTagger(Tagger):
    """
    A tagger of many languages that scores labelled spans (Sarawagi and Cohen, 2004), biaffinely (Yu et al., ACL 2020),
    and as a teacher gives the posteriors of tags (Wang et al., ACL 2021). A way to cut a sentence into spans and tokens
    outside has the probability p(spans) = exp(sum of score(start, end, label)) / Z.

    A sentence costs -log p(its gold spans), a batch the mean over its sentences. It reads and predicts tags, as the
    other taggers do; the labels of spans are those of the tags.

    In evaluation an unlabelled sentence costs nothing. Neither does one with a gold span that is too wide: it is left
    out of the loss, with a warning, and counts in the metrics, where the span is missed.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Seq2SeqEncoder`
    label_encoding : `str`
        "BIO", "BIOUL" or "BMES": how the tags encode spans.
    max_span_width : `int`, optional (default = `10`)
        In tokens; a wider gold span is an error in training.
    span_projection_dim : `int`, optional (default = `64`)
        Of the projections of a span's first and last token.
    label_namespace : `str`, optional (default = `"labels"`)
    feedforward : `FeedForward`, optional (default = `None`)
        Between encoder and span scores.
    dropout : `float`, optional (default = `None`)
        Before and after the encoder, and on the projections.
    word_dropout : `float`, optional (default = `0.0`)
        The probability with which a word's embedding is dropped as a whole.
    initializer : `InitializerApplicator`, optional
    """

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Seq2SeqEncoder,
        label_encoding: str,
        max_span_width: int = 10,
        span_projection_dim: int = 64,
        label_namespace: str = "labels",
        feedforward: Optional[FeedForward] = None,
        dropout: Optional[float] = None,
        word_dropout: float = 0.0,
        initializer: InitializerApplicator = InitializerApplicator(),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            vocab,
            text_field_embedder,
            encoder,
            label_namespace=label_namespace,
            feedforward=feedforward,
            label_encoding=label_encoding,
            dropout=dropout,
            word_dropout=word_dropout,
            **kwargs,
        )
        _check_positive("max_span_width", max_span_width)
        _check_positive("span_projection_dim", span_projection_dim)
        self.max_span_width = max_span_width
        self._tag_encoding = str(self.label_encoding)
        labels, self._span_tags = span_tags(self.tags, self._tag_encoding)
        self.span_scorer = BiaffineSpanScorer(
            self._encoding_dim, len(labels), max_span_width, span_projection_dim, dropout or 0.0
        )
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
            Of each sentence `words` and `language`, as this plugin's readers give it.
        tags : `Tensor`, optional (default = `None`)
            Shape (batch_size, num_tokens); `UNLABELED` all along a sentence that has no gold tags.
        decode : `bool`, optional (default = `True`)
            Whether the best paths are wanted in evaluation; a teacher is asked for other things.

        # Returns

        `span_scores`, (batch_size, num_tokens, max_span_width, num_labels); `mask`, (batch_size, num_tokens);
        `words`; and `loss`, a scalar, if `tags` are given; in evaluation also `tags`, the best path of each sentence,
        as indices.
        """
        encoded, mask = self._encode(tokens)
        output = {
            "span_scores": self.span_scorer(encoded),
            "mask": mask,
            "words": [sentence["words"] for sentence in metadata],
        }
        distribution = self.distribution(output)
        if tags is not None:
            output["loss"] = self._loss(distribution, metadata, tags)
        if decode and not self.training:
            output["tags"] = unpadded(distribution.argmax()[0], mask)
            if tags is not None:
                self._count(output["tags"], tags, metadata)
        return output

    def distribution(self, output: Dict[str, Any], constrained: bool = True) -> TaggedSpans:
        """
        The distributions over tag paths that `forward` has found, over the tags of the vocabulary.

        # Parameters

        output : `Dict[str, Any]`
            Of which `span_scores` and `mask` are read.
        constrained : `bool`, optional (default = `True`)
            Without effect: spans write legal tags alone.
        """
        spans = SemiMarkov(output["span_scores"], mask=output["mask"])
        return TaggedSpans(spans, self._span_tags)

    def _loss(
        self, distribution: TaggedSpans, metadata: List[Dict[str, Any]], tags: Tensor
    ) -> Tensor:
        # Shape: (batch_size,)
        labeled = labeled_sentences(tags, distribution.mask)
        if self.training and not bool(labeled.all()):
            sentence = metadata[int(labeled.long().argmin())]
            raise ConfigurationError(
                f'a training sentence of "{sentence.get("language", "und")}" has no gold tags '
                f'("{" ".join(sentence["words"])[:80]}"): was its tag column read?'
            )
        nll = -distribution.log_prob(tags.clamp(min=0))
        for row in (labeled & (nll > -IMPOSSIBLE / 2)).nonzero().squeeze(1).tolist():
            labeled[row] = self._can_be_found(metadata[row]["words"], tags[row].tolist())
        return torch.where(labeled, nll, nll.new_zeros(())).mean()

    def _can_be_found(self, words: List[str], tags: List[int]) -> bool:
        """
        Whether the model has the gold spans. If one is too wide, that is an error in training, and in evaluation a
        warning; tags against the encoding are always an error.
        """
        sentence = " ".join(words)
        try:
            spans = tags_to_spans(self._names(tags[: len(words)]), self._tag_encoding)
        except TagError as error:
            raise ConfigurationError(
                f'the gold tags of "{sentence}" are not in {self._tag_encoding}: word {error.position + 1}, {error}'
            )
        for label, start, end in spans:
            if end - start >= self.max_span_width:
                message = (
                    f"max_span_width: a gold span is {end - start + 1} words wide, expected at most "
                    f'{self.max_span_width}: {label} "{" ".join(words[start : end + 1])}" in "{sentence}"'
                )
                if self.training:
                    allowed = f"--overrides '{{\"model.max_span_width\": {end - start + 1}}}'"
                    raise ConfigurationError(f"{message}; allow it, as by {allowed}")
                logger.warning_once(f"{message}; it counts in the metrics, not in the loss")
                return False
        return True


def span_tags(tags: Dict[str, int], encoding: str) -> Tuple[List[str], SpanTags]:
    """
    The labels of the spans that tags encode, and the place of each tag in a span.

    # Parameters

    tags : `Dict[str, int]`
        The tags with their indices. A span that would need a tag that is not here is impossible.
    encoding : `str`
        "BIO", "BIOUL" or "BMES".

    # Raises

    `ConfigurationError` if there is no "O", no tag of a span, or one that the encoding does not know.
    """
    if encoding not in ("BIO", "BIOUL", "BMES"):
        hint = ", whose tags depend on neighbouring spans; let the reader convert them"
        raise ConfigurationError(
            f'label_encoding: expected "BIO", "BIOUL" or "BMES", got "{encoding}"{hint if encoding == "IOB1" else ""}'
        )
    prefixes = WRITE_AS[encoding]
    parsed = {tag: tag.partition("-")[::2] for tag in tags if tag != "O"}
    for tag, (prefix, label) in parsed.items():
        if prefix not in prefixes.values() or not label:
            names = ", ".join(f"{prefix}-" for prefix in dict.fromkeys(prefixes.values()))
            raise ConfigurationError(f'tag "{tag}": {encoding} has O, and before a label {names}')
    if "O" not in tags or not parsed:
        found = ", ".join(tags) or "nothing"
        raise ConfigurationError(f"expected O and tags of spans in the vocabulary, got {found}")
    labels = list(dict.fromkeys(label for _, label in parsed.values()))
    places = [
        torch.tensor([tags.get(f"{prefixes[place]}-{label}", -1) for label in labels])
        for place in "BILU"
    ]
    return labels, SpanTags(len(tags), tags["O"], *places)


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ConfigurationError(f"{name}: expected a positive number, got {value}")
