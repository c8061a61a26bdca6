"""From JSON to embeddings of sentences, in any language."""

from typing import List

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor

from skd_plugin.dataset_readers import ParallelTextReader
from skd_plugin.models import MmkdEncoder
from skd_plugin.predictors.lines import texts_of


@Predictor.register("sentence_encoder")
class SentenceEncoderPredictor(Predictor):
    """
    Gives the embedding of sentences given as JSON, by an `mmkd_encoder`. A line of input holds a `sentence`, in any
    language; a line of output the `sentence` and its `embedding`, a list of numbers.
    """

    def __init__(self, model: Model, dataset_reader: DatasetReader) -> None:
        if not isinstance(model, MmkdEncoder) or not isinstance(dataset_reader, ParallelTextReader):
            raise ConfigurationError(
                "sentence_encoder: expected an mmkd_encoder and the reader parallel_text; got "
                f"{type(model).__name__} and {type(dataset_reader).__name__}"
            )
        super().__init__(model, dataset_reader)
        self._reader = dataset_reader

    def predict(self, sentence: str) -> JsonDict:
        """The embedding of one sentence."""
        return self.predict_json({"sentence": sentence})

    def predict_json(self, inputs: JsonDict) -> JsonDict:
        return self.predict_batch_json([inputs])[0]

    def predict_batch_json(self, inputs: List[JsonDict]) -> List[JsonDict]:
        found = self.predict_batch_instance([self._json_to_instance(line) for line in inputs])
        return [
            {"sentence": line["sentence"], "embedding": output["pivot_embedding"]}
            for line, output in zip(inputs, found)
        ]

    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        return self._reader.text_to_instance(*texts_of(json_dict, "sentence"))
