"""From JSON to what two sentences are to each other."""

from typing import List

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor

from skd_plugin.dataset_readers import SentencePairReader
from skd_plugin.models import PairClassifier
from skd_plugin.predictors.lines import texts_of


@Predictor.register("sentence_pairs")
class SentencePairPredictor(Predictor):
    """
    Labels pairs of sentences given as JSON, by a `pair_classifier`. A line of input holds `sentence1` and `sentence2`,
    in any languages; a line of output these, the `label` and the `probabilities` of all labels.
    """

    def __init__(self, model: Model, dataset_reader: DatasetReader) -> None:
        is_known = isinstance(model, PairClassifier)
        if not is_known or not isinstance(dataset_reader, SentencePairReader):
            raise ConfigurationError(
                "sentence_pairs: expected a pair_classifier and the reader sentence_pairs; got "
                f"{type(model).__name__} and {type(dataset_reader).__name__}"
            )
        super().__init__(model, dataset_reader)
        self._reader = dataset_reader

    def predict(self, sentence1: str, sentence2: str) -> JsonDict:
        """The label of one pair."""
        return self.predict_json({"sentence1": sentence1, "sentence2": sentence2})

    def predict_json(self, inputs: JsonDict) -> JsonDict:
        return self.predict_batch_json([inputs])[0]

    def predict_batch_json(self, inputs: List[JsonDict]) -> List[JsonDict]:
        found = self.predict_batch_instance([self._json_to_instance(line) for line in inputs])
        return [
            {
                "sentence1": line["sentence1"],
                "sentence2": line["sentence2"],
                "label": output["label"],
                "probabilities": output["probabilities"],
            }
            for line, output in zip(inputs, found)
        ]

    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        return self._reader.text_to_instance(*texts_of(json_dict, "sentence1", "sentence2"))
