"""A finder of answers in passages."""

import itertools
import json

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.dataset_readers import SquadQuestionReader
from skd_plugin.dataset_readers.squad_files import Answer, Question
from skd_plugin.models.answer_finder import best_spans
from skd_plugin.predictors import AnswerFinderPredictor
from tests.models.suites import SUITES, batch_of, question_config
from tests.runs import allennlp, metrics_of, train

PASSAGES = json.loads((SUITES / "xquad" / "train-v1.1.json").read_text())["data"][0]["paragraphs"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The serialization directory of a training that has learnt its answers by heart."""
    folder = tmp_path_factory.mktemp("questions") / "run"
    train(question_config(), folder)
    return folder


@pytest.fixture(scope="module")
def predictor(trained):
    return AnswerFinderPredictor.from_path(str(trained))


def test_answers_are_found_in_the_right_window(trained):
    """Though most windows of a passage have other words, which answer other questions."""
    metrics = metrics_of(trained)
    assert metrics["best_validation_macro_em"] == metrics["best_validation__en_f1"] == 1


@pytest.mark.parametrize("longest", [1, 2, 9])
def test_best_spans_are_those_of_all(longest):
    torch.manual_seed(0)
    start, end = torch.randn(2, 20, 5).unbind()
    scores, spans = best_spans(start, end, longest)
    for row in range(20):
        possible = {
            (first, last): (start[row, first] + end[row, last]).item()
            for first, last in itertools.product(range(5), repeat=2)
            if first <= last < first + longest
        }
        best = max(possible, key=possible.__getitem__)
        assert tuple(spans[row].tolist()) == best
        assert scores[row].item() == pytest.approx(possible[best])


def question(context, *answers, text="Who?"):
    return Question("q", text, context, [Answer(one, context.index(one)) for one in answers])


def outputs(model, questions, **options):
    reader = SquadQuestionReader(**options)
    instances = [window for one in questions for window in reader.instances(one, "en")]
    return model(**batch_of(model, reader, instances))


def test_padding_changes_nothing(trained):
    model = load_archive(str(trained)).model.eval()
    short = question("Peter Krog.", "Peter")
    long = question("The mill of Holm was built by Peter Krog in 1812.", text="When was it built?")
    alone, _ = outputs(model, [short]), model.get_metrics(reset=True)
    beside = outputs(model, [short, long._replace(answers=[Answer("1812", 44)])])
    for name in ("answer", "start_char", "end_char"):
        assert beside[name][0] == alone[name][0]
    assert beside["score"][0] == pytest.approx(alone["score"][0], abs=1e-5)
    other = outputs(model, [long._replace(answers=[Answer("1812", 44)])])
    mean = (alone["loss"] + other["loss"]) / 2
    torch.testing.assert_close(beside["loss"], mean, atol=1e-5, rtol=1e-5)


def test_probabilities_are_of_the_passage_and_nowhere(trained):
    model = load_archive(str(trained)).model.eval()
    reader = SquadQuestionReader()
    windows = reader.instances(question("Peter Krog built it.", text="Who built the mill?"))
    batch = batch_of(model, reader, windows)
    log_probs, num_before = model._log_probs(batch["question"], batch["passage"])
    probabilities = log_probs[0].exp()
    assert num_before.tolist() == [5]
    assert torch.equal(probabilities[1:6], torch.zeros(5, 2))  # words of the question
    torch.testing.assert_close(probabilities[[0, *range(6, 11)]].sum(dim=0), torch.ones(2))
    for place in (0, 3):
        targets = {"start": torch.tensor([place]), "end": torch.tensor([place])}
        row = log_probs[0, place and place + 5]
        torch.testing.assert_close(model(**batch, **targets)["loss"], -row.mean())


def test_nothing_is_decoded_in_training(trained):
    model = load_archive(str(trained)).model.train()
    output = outputs(model, [question("Peter Krog.", "Peter")])
    assert set(output) == {"loss"} and model.get_metrics(reset=True) == {}


def test_longest_answer(tmp_path, trained):
    overrides = json.dumps({"model.max_answer_tokens": 1})
    model = load_archive(str(trained), overrides=overrides).model.eval()
    words = PASSAGES[0]["context"].replace(".", " .").replace(",", " ,").split()
    assert set(outputs(model, [question(PASSAGES[0]["context"])])["answer"]) <= set(words)
    with pytest.raises(ConfigurationError, match="max_answer_tokens: expected 1 or more, got 0"):
        train(question_config(max_answer_tokens=0), tmp_path / "run")


def test_predictions(predictor):
    context = PASSAGES[0]["context"]
    line = predictor.predict("When was the mill built?", context)
    assert list(line) == ["question", "answer", "start_char", "end_char", "score"]
    assert line["answer"] == "1812" == context[line["start_char"] : line["end_char"]]
    assert line["score"] < 0
    lines = [{"question": one["question"], "context": context} for one in PASSAGES[0]["qas"]]
    found = predictor.predict_batch_json(lines)
    assert [one["answer"] for one in found] == [
        one["answers"][0]["text"] for one in PASSAGES[0]["qas"]
    ]
    with pytest.raises(ConfigurationError, match='"context": expected a string, got None'):
        predictor.predict_json({"question": "a"})


def test_predictions_of_a_file(trained, tmp_path):
    """A line a window."""
    command = ["predict", trained, SUITES / "xquad" / "dev-v1.1.json", "--use-dataset-reader"]
    allennlp(*command, "--output-file", tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").open(encoding="utf-8")]
    assert [line["id"] for line in lines] == ["dev-0-0"] * 3 + ["dev-0-1"] * 3
    assert all(line["answer"] and line["score"] < 0 for line in lines)


def test_the_predictor_of_another_model(student):
    message = "answer_finder: expected an answer_finder and the reader squad_questions; got Distil"
    with pytest.raises(ConfigurationError, match=message):
        AnswerFinderPredictor.from_path(str(student), predictor_name="answer_finder")
