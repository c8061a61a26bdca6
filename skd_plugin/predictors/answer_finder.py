"""From JSON to answers."""

from typing import List

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor

from skd_plugin.dataset_readers import SquadQuestionReader
from skd_plugin.dataset_readers.squad_files import Question
from skd_plugin.models import AnswerFinder
from skd_plugin.predictors.lines import texts_of


@Predictor.register("answer_finder")
class AnswerFinderPredictor(Predictor):
    """
    Answers questions given as JSON. A line of input holds a `question` and the `context` that has the answer, in any
    languages; a line of output the `question`, the `answer`, its `start_char` and `end_char` (exclusive) in the
    context, and the `score`, its log-probability.

    Of a file as for training (`--use-dataset-reader`) each window of a passage gives a line, with `id` and `language`.
    """

    def __init__(self, model: Model, dataset_reader: DatasetReader) -> None:
        is_known = isinstance(model, AnswerFinder)
        if not is_known or not isinstance(dataset_reader, SquadQuestionReader):
            raise ConfigurationError(
                "answer_finder: expected an answer_finder and the reader squad_questions; got "
                f"{type(model).__name__} and {type(dataset_reader).__name__}"
            )
        super().__init__(model, dataset_reader)
        self._reader = dataset_reader

    def predict(self, question: str, context: str) -> JsonDict:
        """The answer to one question."""
        return self.predict_json({"question": question, "context": context})

    def predict_json(self, inputs: JsonDict) -> JsonDict:
        """The best of the answers of all windows."""
        found = self.predict_batch_instance(self._json_to_instances(inputs))
        best = max(found, key=lambda window: window["score"])
        names = ("answer", "start_char", "end_char", "score")
        return {"question": inputs["question"], **{name: best[name] for name in names}}

    def predict_batch_json(self, inputs: List[JsonDict]) -> List[JsonDict]:
        return [self.predict_json(line) for line in inputs]

    def _json_to_instances(self, json_dict: JsonDict) -> List[Instance]:
        question, context = texts_of(json_dict, "question", "context")
        return self._reader.instances(Question("", question, context, []))
