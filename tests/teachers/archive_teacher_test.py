"""Teachers from archives: this plugin's, and the stock taggers'."""

import shutil

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.structures import LinearChain
from skd_plugin.teachers import ArchiveTeacher, Teacher
from tests.runs import tagger_config, train

SENTENCES = [["Anna", "Keller", "moved", "to", "Paris", "."], ["It", "rains"]]


def config_of(model_type):
    config = tagger_config(["en"])
    config["model"]["type"] = model_type
    config["trainer"]["validation_metric"] = "-loss"
    return config


TAGGERS = ["distilled_crf_tagger", "distilled_tagger", "crf_tagger", "simple_tagger"]


@pytest.fixture(scope="module", params=TAGGERS)
def archive(request, tmp_path_factory):
    import allennlp_models.tagging  # noqa: F401

    folder = tmp_path_factory.mktemp(request.param) / "run"
    train(config_of(request.param), folder)
    return folder / "model.tar.gz"


def loaded(archive, **parameters):
    teacher = ArchiveTeacher(str(archive), **parameters)
    teacher.load(torch.device("cpu"))
    return teacher


def logits_and_mask(model, reader):
    instances = [reader.text_to_instance(words) for words in SENTENCES]
    for instance in instances:
        reader.apply_token_indexers(instance)
    outputs = model.forward_on_instances(instances)
    return [
        torch.as_tensor(output["logits"])[: len(words)] for output, words in zip(outputs, SENTENCES)
    ]


def test_chain_is_the_distribution_that_the_archive_decodes(archive):
    teacher = loaded(archive)
    chain = teacher.distribution(SENTENCES)
    stock = load_archive(archive)
    for row, logits in enumerate(logits_and_mask(stock.model.eval(), stock.dataset_reader)):
        length = len(SENTENCES[row])
        torch.testing.assert_close(chain.emissions[row, :length], logits, atol=1e-5, rtol=1e-5)
        best = chain.top_k(5)
        if hasattr(stock.model, "crf"):
            expected = stock.model.crf.viterbi_tags(logits.unsqueeze(0), top_k=5)[0]
            assert [path[:length] for path in best.paths[row].tolist()] == [
                path for path, _ in expected
            ]
            scores = torch.tensor([score for _, score in expected])
            torch.testing.assert_close(best.scores[row], scores, atol=1e-4, rtol=1e-5)
        else:
            # A softmax tagger is a chain with zero transitions; this plugin's has constraints.
            chain = loaded(archive, constrained=False).distribution(SENTENCES)
            best = chain.top_k(1)
            assert not chain.transitions.any()
            assert best.paths[row, 0, :length].tolist() == logits.argmax(dim=1).tolist()
            torch.testing.assert_close(
                chain.marginals[row, :length], logits.softmax(dim=1), atol=1e-5, rtol=1e-4
            )


def test_labels_are_in_the_order_of_the_archive(archive):
    labels = loaded(archive).labels
    vocab = load_archive(archive).model.vocab
    assert labels == [vocab.get_token_from_index(index, "labels") for index in range(len(labels))]


def test_unconstrained_teacher_allows_all_transitions(archive):
    chain = loaded(archive, constrained=False).distribution(SENTENCES)
    assert torch.isfinite(chain.transitions).all() and (chain.transitions > -1e29).all()


def test_release_frees_the_model(archive):
    teacher = loaded(archive)
    teacher.release()
    assert teacher._model is None
    teacher.load(torch.device("cpu"))
    assert isinstance(teacher.distribution(SENTENCES), LinearChain)


def test_fingerprint_is_of_the_content(teachers, tmp_path):
    packed = ArchiveTeacher(str(teachers / "en" / "model.tar.gz")).fingerprint
    shutil.copy(teachers / "en" / "model.tar.gz", tmp_path / "other.tar.gz")
    assert ArchiveTeacher(str(tmp_path / "other.tar.gz")).fingerprint == packed
    assert ArchiveTeacher(str(teachers / "ru" / "model.tar.gz")).fingerprint != packed
    assert (
        ArchiveTeacher(str(teachers / "en" / "model.tar.gz"), constrained=False).fingerprint
        != packed
    )


def test_fingerprint_of_a_serialization_directory_is_that_of_its_archive(teachers, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(teachers / "en", folder)
    assert (
        ArchiveTeacher(str(folder)).fingerprint
        == ArchiveTeacher(str(folder / "model.tar.gz")).fingerprint
    )
    weights = torch.load(folder / "best.th")
    weights["crf.transitions"] += 1
    torch.save(weights, folder / "best.th")
    assert (
        ArchiveTeacher(str(folder)).fingerprint
        != ArchiveTeacher(str(folder / "model.tar.gz")).fingerprint
    )


def transformer_config(folder):
    config = tagger_config(["en"])
    tokens = {
        "type": "pretrained_transformer_mismatched",
        "model_name": str(folder),
        "max_length": 512,
    }
    indexers = {"tokens": tokens}
    config["dataset_reader"]["token_indexers"] = indexers
    config["model"]["text_field_embedder"] = {"token_embedders": indexers}
    config["model"]["encoder"] = {"type": "pass_through", "input_dim": 16}
    config["trainer"]["num_epochs"] = 1
    return config


@pytest.fixture(scope="module")
def transformer(tiny_transformer, tmp_path_factory):
    """The archive of a tagger on a transformer, whose folder stays."""
    folder = tmp_path_factory.mktemp("transformer")
    shutil.copytree(tiny_transformer, folder / "bert")
    train(transformer_config(folder / "bert"), folder / "run")
    return folder


def test_transformer_answers_word_by_word_and_alike_in_any_batch(transformer):
    teacher = loaded(transformer / "run" / "model.tar.gz")
    # Words are cut into characters; the longest sentence has more pieces than the transformer has positions.
    sentences = [*SENTENCES, ["Anna", "Nebuchadnezzar"], ["words"] * 120]
    together = teacher.distribution(sentences)
    assert together.mask.sum(dim=1).tolist() == [len(words) for words in sentences]
    for row, words in enumerate(sentences[:3]):
        alone = teacher.distribution([words])
        torch.testing.assert_close(
            together.emissions[row, : len(words)], alone.emissions[0], atol=1e-5, rtol=1e-4
        )


def test_fingerprint_knows_the_tokenizer(transformer, tmp_path):
    before = ArchiveTeacher(str(transformer / "run")).fingerprint
    vocabulary = transformer / "bert" / "vocab.txt"
    content = vocabulary.read_text(encoding="utf-8")
    vocabulary.write_text(content.replace("\na\n", "\n[unused]\n"), encoding="utf-8")
    assert ArchiveTeacher(str(transformer / "run")).fingerprint != before
    vocabulary.write_text(content, encoding="utf-8")
    assert ArchiveTeacher(str(transformer / "run")).fingerprint == before


def test_mixed_precision_answers_nearly_alike(transformer):
    archive = transformer / "run" / "model.tar.gz"
    full, mixed = loaded(archive), loaded(archive, use_amp=True)
    assert full.fingerprint != mixed.fingerprint
    expected, found = full.distribution(SENTENCES), mixed.distribution(SENTENCES)
    assert not torch.equal(expected.emissions, found.emissions.float())
    torch.testing.assert_close(expected.marginals, found.marginals.float(), atol=0.02, rtol=0)


def test_teacher_does_not_decode(teachers, monkeypatch):
    teacher = loaded(teachers / "en" / "model.tar.gz")
    monkeypatch.setattr(LinearChain, "argmax", None)
    assert teacher.distribution(SENTENCES).mask.any()


def test_a_teacher_is_no_module():
    assert not issubclass(Teacher, torch.nn.Module)


def test_missing_archive():
    with pytest.raises(
        ConfigurationError,
        match="nowhere.tar.gz: no such teacher archive; train the teachers first",
    ):
        assert ArchiveTeacher("nowhere.tar.gz").fingerprint


@pytest.mark.parametrize("archive", ["crf_tagger"], indirect=True)
def test_model_without_logits(archive, monkeypatch):
    teacher = loaded(archive)
    monkeypatch.setattr(type(teacher._model), "forward", lambda self, **_: {})
    with pytest.raises(
        ConfigurationError, match="a CrfTagger cannot teach: expected an output `logits`"
    ):
        teacher.distribution(SENTENCES)


def test_teacher_takes_no_part_in_training(teachers):
    teacher = loaded(teachers / "en" / "model.tar.gz")
    chain = teacher.distribution(SENTENCES)
    assert not chain.emissions.requires_grad and not teacher._model.training
