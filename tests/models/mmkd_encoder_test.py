"""An encoder that is aligned with a teacher, from parallel text to an archive."""

import json
import math
import re
import shutil

import pytest
import torch
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch
from allennlp.models import load_archive

from skd_plugin.dataset_readers import ParallelTextReader
from skd_plugin.modules.hidden_words import HiddenWords, Side
from skd_plugin.modules.joining import Joining
from skd_plugin.predictors import SentenceEncoderPredictor
from tests.losses.alignment.batches import vectors
from tests.models.mmkd import OBJECTIVES, PARALLEL, mmkd_config
from tests.runs import allennlp, metrics_of, train

TERMS = {f"{objective['type']}_loss" for objective in OBJECTIVES}


@pytest.fixture(scope="module")
def trained(tiny_transformer, tmp_path_factory):
    """The serialization directory of a training whose teacher is gone."""
    folder = tmp_path_factory.mktemp("mmkd")
    shutil.copytree(tiny_transformer, folder / "teacher")
    config = mmkd_config(folder / "teacher", sentence_dim=20)
    config["model"]["objectives"] = [
        {**one, **({"teacher_dim": 16} if one["type"] == "sentence_alignment" else {})}
        for one in OBJECTIVES
    ]
    train(config, folder / "run")
    shutil.rmtree(folder / "teacher")
    return folder / "run"


def built(tmp_path, config):
    """The model alone, and its vocabulary."""
    params = Params(json.loads(json.dumps(config)))
    loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
    return loop.model


def batch_of(model, *pairs):
    reader = ParallelTextReader()
    instances = [reader.text_to_instance(*pair) for pair in pairs]
    for instance in instances:
        reader.apply_token_indexers(instance)
    batch = Batch(instances)
    batch.index_instances(model.vocab)
    return batch.as_tensor_dict()


def test_terms_are_metrics_and_fall(trained):
    metrics = metrics_of(trained)
    assert {f"training_{term}" for term in TERMS} <= set(metrics)
    first = json.loads((trained / "metrics_epoch_0.json").read_text())
    assert metrics["epoch"] == 1
    for term in ("sentence_alignment_loss", "translation_language_modeling_loss"):
        assert metrics[f"training_{term}"] < first[f"training_{term}"]
    total = sum(metrics[f"training_{term}"] for term in TERMS)
    assert metrics["training_loss"] == pytest.approx(total, rel=1e-3)


def test_the_archive_is_the_encoder_alone(trained):
    weights = torch.load(trained / "best.th")
    assert not any("teacher" in name for name in weights)
    learnt = {name.split(".")[1] for name in weights if name.startswith("objective_layers.")}
    assert learnt == {"hidden_words", "translation_language_modeling", "sentence_alignment"}
    model = load_archive(str(trained)).model.eval()
    assert not any(name.startswith("objective_layers.") for name in model.state_dict())
    output = model(**batch_of(model, ("The doctor sings.", "Der Arzt singt heute.", "de")))
    assert output.keys() == {"pivot_embedding", "other_embedding"}
    assert output["pivot_embedding"].shape == (1, 20)


def evaluated(archive, output, *arguments):
    """The metrics on the development set."""
    command = ("evaluate", archive, PARALLEL / "dev.tsv", "--output-file", output)
    allennlp(*command, "--include-package", "skd_plugin", *arguments)
    return json.loads(output.read_text())


def test_evaluate_says_what_is_found(trained, tmp_path):
    archive, output = trained / "model.tar.gz", tmp_path / "metrics.json"
    found = evaluated(archive, output)
    names = {"_de_from_pivot_cosine_p_at_1", "_ru_to_pivot_csls_mrr", "macro_csls_p_at_1"}
    assert names <= set(found)
    best = json.loads((trained / "metrics.json").read_text())
    assert found["macro_cosine_mrr"] == pytest.approx(best["best_validation_macro_cosine_mrr"])
    # Of a pair of languages that was never trained: the pivot is another one.
    reader = {"type": "parallel_text", "pivot": "de", "languages": ["ru"]}
    overrides = json.dumps({"validation_dataset_reader": reader})
    other = evaluated(archive, output, "-o", overrides)
    assert other["_ru_from_pivot_cosine_mrr"] != found["_ru_from_pivot_cosine_mrr"]
    assert "_de_from_pivot_cosine_mrr" not in other


def test_embeddings_of_single_sentences(trained):
    predictor = SentenceEncoderPredictor.from_path(str(trained))
    assert isinstance(predictor, SentenceEncoderPredictor)
    short, long = "Врач.", "Der Arzt singt heute am Bahnhof."
    one = predictor.predict(short)
    assert one["sentence"] == short and len(one["embedding"]) == 20
    both = predictor.predict_batch_json([{"sentence": long}, {"sentence": short}])
    assert both[1]["embedding"] == pytest.approx(one["embedding"], abs=1e-5)
    model = predictor._model
    pair = model(**batch_of(model, ("The doctor.", short, "ru")))
    assert one["embedding"] == pytest.approx(pair["other_embedding"][0].tolist(), abs=1e-5)
    with pytest.raises(ConfigurationError, match='"sentence": expected a string, got None'):
        predictor.predict_json({"text": short})


def test_the_predictor_of_another_model(student):
    message = "sentence_encoder: expected an mmkd_encoder and the reader parallel_text; got Distill"
    with pytest.raises(ConfigurationError, match=message):
        SentenceEncoderPredictor.from_path(str(student), predictor_name="sentence_encoder")


def test_a_training_goes_on(tiny_transformer, tmp_path):
    config = mmkd_config(tiny_transformer, sentence_dim=16)
    train(config, tmp_path)
    config["trainer"]["num_epochs"] = 3
    (tmp_path / "model.tar.gz").unlink()
    (tmp_path / "config.json").write_text(json.dumps(config))
    train(config, tmp_path, recover=True)
    assert metrics_of(tmp_path)["epoch"] == 2


def test_padding_does_not_reach_an_embedding(tiny_transformer, tmp_path):
    model = built(tmp_path, mmkd_config(tiny_transformer, sentence_dim=16)).eval()
    short = ("The doctor sings.", "Der Arzt singt.", "de")
    long = ("The doctor " * 5, "Der Arzt " * 9, "de")
    alone = model(**batch_of(model, short))
    beside = model(**batch_of(model, short, long))
    for side in ("pivot_embedding", "other_embedding"):
        torch.testing.assert_close(alone[side][0], beside[side][0], atol=1e-6, rtol=1e-5)


def test_every_weight_has_a_gradient(tiny_transformer, tmp_path):
    config = mmkd_config(tiny_transformer, {"type": "memory"}, sentence_dim=16)
    params = Params(json.loads(json.dumps(config)))
    loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
    for callback in loop.trainer._callbacks:
        callback.on_start(loop.trainer)
    model = loop.model.train()
    model(**next(iter(loop.trainer.data_loader)))["loss"].backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_objectives_are_added_by_weight_or_by_size(tiny_transformer, tmp_path):
    losses, gradients = {}, {}
    weighted = [{**one, "weight": weight} for one, weight in zip(OBJECTIVES[2:], (2.0, 3.0))]
    for balance in ("weights", "uncertainty"):
        more = {"sentence_dim": 16, "objectives": weighted, "balance": balance}
        torch.manual_seed(1)
        params = Params(
            json.loads(json.dumps(mmkd_config(tiny_transformer, {"type": "memory"}, **more)))
        )
        loop = TrainModel.from_params(params=params, serialization_dir=str(tmp_path), local_rank=0)
        for callback in loop.trainer._callbacks:
            callback.on_start(loop.trainer)
        model = loop.model.train()
        pairs = list(ParallelTextReader().read(str(PARALLEL / "train.tsv")))[:20]
        for pair in pairs:
            ParallelTextReader().apply_token_indexers(pair)
        batch = Batch(pairs)
        batch.index_instances(model.vocab)
        losses[balance] = model(**batch.as_tensor_dict())["loss"]
        losses[balance].backward()
        gradients[balance] = model.sentence_projection[0].bias.grad
        terms = model.get_metrics(reset=True)
    sentence, structure = (terms[f"{one['type']}_loss"] for one in weighted)
    assert losses["weights"].item() == pytest.approx(2 * sentence + 3 * structure, rel=1e-5)
    by_size = 2 * math.log(sentence) + 3 * math.log(structure)
    assert losses["uncertainty"].item() == pytest.approx(by_size, rel=1e-4)
    assert not torch.allclose(gradients["weights"], gradients["uncertainty"], rtol=0.01)


def test_joining_leaves_no_padding_between():
    first_mask = torch.tensor([[True, True, True], [True, False, False]])
    second_mask = torch.tensor([[True, False], [True, True]])
    join = Joining(first_mask, second_mask)
    joined = join(torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([[5, 0], [6, 7]]))
    assert (joined * join.mask).tolist() == [[1, 2, 3, 5], [4, 6, 7, 0]]
    assert join.mask.tolist() == [[True] * 4, [True] * 3 + [False]]
    wide = join(first_mask.unsqueeze(2).expand(2, 3, 6), second_mask.unsqueeze(2).expand(2, 2, 6))
    assert wide.shape == (2, 4, 6) and torch.equal(wide[..., 5], join.mask)


@pytest.mark.parametrize("hide_in", ["pair", "side"])
def test_hidden_words_are_not_read(hide_in):
    """What the encoder reads is noted; its states are what it reads."""
    masks = torch.tensor([[True, True, True]]), torch.tensor([[True, True, False]])
    pieces = torch.tensor([[[2], [3], [4]]]), torch.tensor([[[5, 6], [7, 0], [0, 0]]])
    sides = [Side(vectors(n, 1, 3, 4), vectors(n + 2, 1, 3, 4), masks[n], pieces[n]) for n in range(2)]  # fmt: skip
    torch.manual_seed(3)
    hidden = HiddenWords(4, hide=0.5, hide_in=hide_in)
    read = []
    views = hidden(*sides, lambda embedded, mask: read.append(mask.sum().item()) or embedded)
    assert read == ([5] if hide_in == "pair" else [3, 2])
    assert views.targets.tolist() == [[[2, 0], [3, 0], [4, 0], [5, 6], [7, 0]]]
    assert 0 < views.is_hidden.sum() < 5 and views.mask.all()
    words = torch.cat([sides[0].embedded[0], sides[1].embedded[0, :2]])
    expected = torch.where(views.is_hidden[0].unsqueeze(1), hidden.vector, words)
    assert torch.equal(views.masked[0], expected)
    states = torch.cat([sides[0].states[0], sides[1].states[0, :2]])
    assert torch.equal(views.whole[0], states)


@pytest.mark.parametrize(
    "model, message",
    [
        ({"hide": 1.0}, "hide: expected more than 0 and less than 1, got 1.0"),
        ({"hide_in": "x"}, 'hide_in: expected "pair" or "side", got "x"'),
        ({"balance": "x"}, 'balance: expected one of weights, uncertainty, got "x"'),
        ({}, "mmkd_encoder: sentence_alignment, structure_alignment needs a teacher"),
        ({"objectives": OBJECTIVES[:1] * 2}, "objectives: expected each once, got translation_language_modeling twice"),
        ({"guessed": "x"}, 'guessed: expected a token indexer and its namespace, got "x"; the vocabulary has tokens'),
    ],
)  # fmt: skip
def test_refused(tiny_transformer, tmp_path, model, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        config = mmkd_config(tiny_transformer, **model)
        if not model:
            del config["model"]["teacher"]
        built(tmp_path, config)


def test_what_training_needs(tiny_transformer, tmp_path):
    config = mmkd_config(tiny_transformer, objectives=[])
    config["trainer"]["callbacks"] = []
    with pytest.raises(ConfigurationError, match="expected objectives to train it by, got none"):
        train(config, tmp_path / "one")
    config["model"]["objectives"] = OBJECTIVES
    with pytest.raises(ConfigurationError, match="nobody has asked the teacher; expected in the"):
        train(config, tmp_path / "two")
