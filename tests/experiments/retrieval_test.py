"""Evaluation of encoders, sentence by sentence."""

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.dataset_readers import ParallelTextReader
from skd_plugin.experiments.evaluation import score
from skd_plugin.experiments.retrieval import Embeddings, evaluate_retrieval, translations
from tests.models.mmkd import PARALLEL, make_teacher, mmkd_config
from tests.runs import tagger_config, train

DEV = str(PARALLEL / "dev.tsv")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    config = mmkd_config(make_teacher(folder / "english"), sentence_dim=32)
    # Evaluated are whole files.
    config["validation_dataset_reader"] = {"type": "parallel_text", "max_instances": 10}
    train(config, folder / "run")
    return load_archive(str(folder / "run" / "model.tar.gz"))


def test_it_is_the_precision_that_allennlp_finds(archive, tmp_path):
    counts = evaluate_retrieval(archive, {"test": {"de": DEV, "ru": DEV}})
    assert list(counts) == [("test", "de"), ("test", "ru")]
    model, reader = archive.model, ParallelTextReader()
    instances = list(reader.read(DEV))
    for instance in instances:
        reader.apply_token_indexers(instance)
    model.get_metrics(reset=True)
    model.forward_on_instances(instances)
    metrics = model.get_metrics(reset=True)
    for language in ("de", "ru"):
        ours = counts["test", language]
        both = [metrics[f"_{language}_{way}_pivot_cosine_p_at_1"] for way in ("from", "to")]
        assert ours.dtype == np.int64 and ours.shape == (len(instances) // 2, 3)
        assert 0 < score(ours) < 1 and score(ours) == pytest.approx(np.mean(both))


def test_two_languages_without_the_pivot(archive):
    german, russian = (Embeddings(archive)(language, DEV)[1] for language in ("de", "ru"))
    pair = Embeddings(archive)("de-ru", DEV)
    assert torch.allclose(pair[0], german, atol=1e-6) and torch.allclose(
        pair[1], russian, atol=1e-6
    )
    backwards = evaluate_retrieval(archive, {"zero_shot": {"ru-de": DEV}})
    counts = evaluate_retrieval(archive, {"zero_shot": {"de-ru": DEV}})
    assert np.array_equal(counts["zero_shot", "de-ru"], backwards["zero_shot", "ru-de"])


def test_each_sentence_is_read_once(archive, monkeypatch):
    asked = []
    forward = archive.model.forward_on_instances
    monkeypatch.setattr(
        archive.model,
        "forward_on_instances",
        lambda instances: asked.extend(instances) or forward(instances),
    )
    evaluate_retrieval(archive, {"test": {"de": DEV, "ru": DEV}, "zero_shot": {"de-ru": DEV}})
    with open(DEV, encoding="utf-8") as file:
        sentences = [text for line in list(file)[1:] for text in line.strip().split("\t")]
    assert len(asked) == len(set(sentences)) > 80


@pytest.mark.parametrize("folder", ["a", "b"])
def test_sentences_of_one_file_have_one_name_wherever_it_is(folder):
    one, other = f"{folder}/one.tsv", f"{folder}/other.tsv"
    evaluation = {"test": {"de": one, "ru": one}, "zero_shot": {"fr": other, "de-ru": one}}
    assert translations(evaluation) == {
        ("test", "de"): "test/de",
        ("test", "ru"): "test/de",
        ("zero_shot", "fr"): "zero_shot/fr",
        ("zero_shot", "de-ru"): "test/de",
    }


def test_equally_near_sentences_are_not_found(archive, tmp_path):
    lines = "en\tde\nA dog.\tEin Hund.\nA dog.\tEin Hund.\nIt rains.\tEs regnet.\n"
    (tmp_path / "twins.tsv").write_text(lines)
    counts = evaluate_retrieval(archive, {"test": {"de": str(tmp_path / "twins.tsv")}})
    assert counts["test", "de"][:2, 0].tolist() == [0, 0]
    assert (counts["test", "de"][:, 1:] == 2).all()


def test_a_single_pair_is_refused(archive, tmp_path):
    (tmp_path / "one.tsv").write_text("en\tde\nA dog.\tEin Hund.\n")
    with pytest.raises(ConfigurationError, match="one.tsv: expected at least two pairs, found 1"):
        evaluate_retrieval(archive, {"test": {"de": str(tmp_path / "one.tsv")}})


def test_a_tagger_is_refused(tmp_path):
    train(tagger_config(["en"]), tmp_path / "run")
    tagger = load_archive(str(tmp_path / "run" / "model.tar.gz"))
    with pytest.raises(ConfigurationError, match=r"expected encoders \(mmkd_encoder\), got"):
        evaluate_retrieval(tagger, {"test": {"de": DEV}})
