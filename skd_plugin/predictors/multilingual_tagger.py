"""From JSON to tags, in any language and without network."""

import json
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict, sanitize
from allennlp.data import DatasetReader, Instance, Token
from allennlp.models import Model
from allennlp.predictors import Predictor

from skd_plugin.dataset_readers import TaggingDatasetReader
from skd_plugin.dataset_readers.tag_encodings import tags_to_spans
from skd_plugin.dataset_readers.tokenization import tokenize
from skd_plugin.models import Tagger
from skd_plugin.predictors.lines import texts_of
from skd_plugin.structures import TagDistribution


@Predictor.register("multilingual_tagger")
class MultilingualTaggerPredictor(Predictor):
    """
    Tags sentences given as JSON.

    A line of input holds `tokens` (a list of words) or `sentence` (text, which is cut into words here), and may hold
    `language`, `top_k` (how many best paths to give) and `posteriors` (true for the probability of every tag of every
    word). A line of output holds

    * `tokens`, `tags` and the `language`;
    * `spans`, if the model's tags encode spans: label, `start` and `end` (exclusive) in tokens, `text`, and, for a
      `sentence`, `start_char` and `end_char` (exclusive);
    * `top_k`, if asked for: `tags` and `probability` of the best paths, best first;
    * `posteriors`, if asked for: for each word the probability of each label.

    # Parameters

    model : `Model`
        A tagger of this plugin.
    dataset_reader : `DatasetReader`
        A `TaggingDatasetReader`.
    tokenization : `str`, optional (default = `"auto"`)
        How a `sentence` is cut into words; see `skd_plugin.dataset_readers.tokenization`.
    top_k : `int`, optional (default = `0`)
        How many best paths to give where the input does not say.
    posteriors : `bool`, optional (default = `False`)
        Whether to give posteriors where the input does not say.
    """

    def __init__(
        self,
        model: Model,
        dataset_reader: DatasetReader,
        tokenization: str = "auto",
        top_k: int = 0,
        posteriors: bool = False,
    ) -> None:
        if not isinstance(model, Tagger) or not isinstance(dataset_reader, TaggingDatasetReader):
            raise ConfigurationError(
                "multilingual_tagger: expected a tagger of this plugin and a reader that derives from "
                f"TaggingDatasetReader; got {type(model).__name__} and {type(dataset_reader).__name__}"
            )
        super().__init__(model, dataset_reader)
        self._tagger, self._reader = model, dataset_reader
        self._tokenization = tokenization
        self._top_k = top_k
        self._posteriors = posteriors

    def predict(self, sentence: str, language: Optional[str] = None, **options: Any) -> JsonDict:
        """Tags one sentence; `options` as in a line of input."""
        options = {"sentence": sentence, "language": language, **options}
        return self.predict_json(
            {name: value for name, value in options.items() if value is not None}
        )

    def predict_json(self, inputs: JsonDict) -> JsonDict:
        return self.predict_batch_json([inputs])[0]

    def predict_batch_json(self, inputs: List[JsonDict]) -> List[JsonDict]:
        tokens = [self._tokens(line) for line in inputs]
        instances = [
            self._reader.text_to_instance(words, language=line.get("language"))
            for words, line in zip(tokens, inputs)
        ]
        return self._predict(instances, inputs, tokens)

    def predict_instance(self, instance: Instance) -> JsonDict:
        return self.predict_batch_instance([instance])[0]

    def predict_batch_instance(self, instances: List[Instance]) -> List[JsonDict]:
        tokens = [list(instance["tokens"].tokens) for instance in instances]  # type: ignore[attr-defined]
        return self._predict(instances, [{} for _ in instances], tokens)

    def dump_line(self, outputs: JsonDict) -> str:
        """One line of JSON, in which every script can be read."""
        return json.dumps(outputs, ensure_ascii=False) + "\n"

    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        language = json_dict.get("language")
        return self._reader.text_to_instance(self._tokens(json_dict), language=language)

    # ---- parts

    def _tokens(self, line: JsonDict) -> List[Token]:
        if ("tokens" in line) == ("sentence" in line):
            raise ConfigurationError(
                'expected a line with either "tokens" or "sentence", got one with '
                f"{', '.join(sorted(line)) or 'nothing'}"
            )
        if "tokens" in line:
            words = line["tokens"]
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise ConfigurationError(f'"tokens": expected a list of strings, got {words!r}')
            tokens = [Token(word) for word in words]
        else:
            (sentence,) = texts_of(line, "sentence")
            tokens = tokenize(sentence, self._tokenization)
        if not tokens:
            raise ConfigurationError(f"expected at least one word, got {line}")
        return tokens

    @torch.no_grad()
    def _predict(
        self, instances: List[Instance], lines: Sequence[JsonDict], tokens: List[List[Token]]
    ) -> List[JsonDict]:
        for instance in instances:
            instance.fields.pop("tags", None)  # of a labelled file: no business of a prediction
            self._reader.apply_token_indexers(instance)
        outputs = self._tagger.forward_on_instances(instances)
        return [
            sanitize(self._describe(output, line, instance, words))
            for output, line, instance, words in zip(outputs, lines, instances, tokens)
        ]

    def _describe(
        self, output: Dict[str, Any], line: JsonDict, instance: Instance, tokens: List[Token]
    ) -> JsonDict:
        metadata = instance["metadata"].metadata  # type: ignore[attr-defined]
        description: JsonDict = {
            "tokens": [token.text for token in tokens],
            "tags": output["tags"],
            "language": metadata["language"],
        }
        encoding = self._tagger.label_encoding
        if encoding is not None:
            spans = tags_to_spans(output["tags"], encoding, strict=False)
            description["spans"] = [
                _span(label, start, end, tokens, line.get("sentence"))
                for label, start, end in spans
            ]
        top_k = line.get("top_k", self._top_k)
        if not isinstance(top_k, int) or top_k < 0:
            raise ConfigurationError(f'"top_k": expected a number of paths, got {top_k!r}')
        if top_k or line.get("posteriors", self._posteriors):
            device = next(self._tagger.parameters()).device
            batch = {
                name: torch.as_tensor(array, device=device).unsqueeze(0)
                for name, array in output.items()
                if isinstance(array, np.ndarray)
            }
            distribution = self._tagger.distribution(batch)
            if top_k:
                description["top_k"] = self._best_paths(distribution, top_k, len(tokens))
            if line.get("posteriors", self._posteriors):
                description["posteriors"] = self._probabilities(distribution)[: len(tokens)]
        return description

    def _best_paths(
        self, distribution: TagDistribution, top_k: int, num_tokens: int
    ) -> List[JsonDict]:
        best = distribution.top_k(top_k)
        probabilities = distribution.log_prob(best.paths).exp()
        return [
            {"tags": [self._label(tag) for tag in path[:num_tokens]], "probability": probability}
            for path, probability, exists in zip(
                best.paths[0].tolist(), probabilities[0].tolist(), best.mask[0].tolist()
            )
            if exists
        ]

    def _probabilities(self, distribution: TagDistribution) -> List[Dict[str, float]]:
        return [
            {self._label(tag): probability for tag, probability in enumerate(row)}
            for row in distribution.marginals[0].tolist()
        ]

    def _label(self, tag: int) -> str:
        return self._tagger.vocab.get_token_from_index(tag, self._tagger.label_namespace)


def _span(label: str, start: int, end: int, tokens: List[Token], text: Optional[str]) -> JsonDict:
    """A span from token `start` to token `end`, inclusive."""
    span: JsonDict = {"label": label, "start": start, "end": end + 1}
    if text is None:
        span["text"] = " ".join(str(token.text) for token in tokens[start : end + 1])
    else:
        span["start_char"], span["end_char"] = tokens[start].idx, tokens[end].idx_end
        span["text"] = text[span["start_char"] : span["end_char"]]
    return span
