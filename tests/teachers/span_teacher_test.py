"""Teachers that score spans: what they know, against the enumeration of all segmentations; and who learns it."""

import math
import shutil
from itertools import product

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

from skd_plugin.dataset_readers.tag_encodings import tags_to_spans
from skd_plugin.knowledge import KnowledgeRequest
from skd_plugin.models.span_tagger import span_tags
from skd_plugin.structures import TaggedSpans
from skd_plugin.teachers import ArchiveTeacher, Ensemble
from tests.brute_force_spans import BruteForceSpans
from tests.runs import LANGUAGES, metrics_of, student_config, tagger_config, train

SENTENCES = [["Anna", "Keller", "moved", "to", "Paris"], ["It", "rains"], ["Anna"]]
# An order that no counting of tags gives.
LABELS = ["I-PER", "O", "B-ORG", "I-LOC", "B-PER", "I-ORG", "B-LOC"]
SPAN_FIELDS = frozenset(["paths", "posteriors", "expected_transitions"])


def span_teacher_config(language):
    config = tagger_config([language])
    config["model"].update(type="span_tagger", max_span_width=3, span_projection_dim=8)
    config["vocabulary"] = {
        "min_count": {"labels": 1_000_000},
        "tokens_to_add": {"labels": LABELS},
    }
    config["trainer"]["num_epochs"] = 1
    return config


@pytest.fixture(scope="module")
def span_teachers(tmp_path_factory):
    """A folder with a trained teacher of each language, which scores spans."""
    folder = tmp_path_factory.mktemp("span_teachers")
    for language in LANGUAGES:
        train(span_teacher_config(language), folder / language)
    return folder


def loaded(folder, **parameters):
    teacher = ArchiveTeacher(str(folder / "en" / "model.tar.gz"), **parameters)
    teacher.load(torch.device("cpu"))
    return teacher


def enumerated(folder, sentences):
    """For each sentence the probability of every tag path that the archived model can give."""
    archive = load_archive(folder / "en")
    instances = [archive.dataset_reader.text_to_instance(words) for words in sentences]
    for instance in instances:
        archive.dataset_reader.apply_token_indexers(instance)
    outputs = archive.model.eval().forward_on_instances(instances)
    _, tags = span_tags(archive.model.tags, "BIO")
    distributions = []
    for output, words in zip(outputs, sentences):
        scores = output["span_scores"][: len(words)].astype(np.float64)
        for width in range(3):
            scores[max(len(words) - width, 0) :, width] = -math.inf
        sentence = BruteForceSpans(scores.tolist(), [0.0] * len(words))
        probabilities = sentence.probabilities()
        distributions.append(
            {
                tuple(LABELS[tag] for tag in path): probabilities[segmentation]
                for path, segmentation in sentence.paths(tags).items()
            }
        )
    return distributions


def posteriors_of(distribution, labels):
    table = np.zeros((len(next(iter(distribution))), len(labels)))
    for path, probability in distribution.items():
        for token, label in enumerate(path):
            table[token, labels.index(label)] += probability
    return table


def transitions_of(distribution, labels):
    table = np.zeros((len(labels), len(labels)))
    for path, probability in distribution.items():
        for one, other in zip(path, path[1:]):
            table[labels.index(one), labels.index(other)] += probability
    return table


def assert_knows(knowledge, distribution, labels):
    """What is known of the tags of a sentence, against all its paths; the known paths with their probabilities."""
    np.testing.assert_allclose(
        np.exp(knowledge.log_posteriors.astype(float)),
        posteriors_of(distribution, labels),
        atol=2e-3,
    )
    np.testing.assert_allclose(
        knowledge.expected_transitions.astype(float),
        transitions_of(distribution, labels),
        atol=5e-3,
    )
    found = [tuple(labels[tag] for tag in path) for path in knowledge.paths]
    probabilities = [distribution[path] for path in found]
    np.testing.assert_allclose(np.exp(knowledge.path_log_probs), probabilities, rtol=1e-3)
    assert len(set(found)) == len(found) and (np.diff(knowledge.path_log_probs) <= 0).all()
    return found, probabilities


# ---- what they know


@pytest.mark.parametrize("constrained", [True, False])
def test_an_archive_teaches_what_its_model_finds(span_teachers, constrained):
    teacher = loaded(span_teachers, constrained=constrained)
    assert teacher.labels == LABELS
    ensemble = Ensemble([teacher])
    known = ensemble.teach(SENTENCES, KnowledgeRequest(SPAN_FIELDS, 20))
    for knowledge, distribution in zip(known, enumerated(span_teachers, SENTENCES)):
        _, probabilities = assert_knows(knowledge, distribution, ensemble.labels)
        best = sorted(distribution.values(), reverse=True)[:20]
        np.testing.assert_allclose(probabilities, best, rtol=1e-3)


def test_its_distribution_is_that_of_the_model(span_teachers):
    found = loaded(span_teachers).distribution(SENTENCES)
    assert isinstance(found, TaggedSpans)
    archive = load_archive(span_teachers / "en")
    instance = archive.dataset_reader.text_to_instance(SENTENCES[0])
    archive.dataset_reader.apply_token_indexers(instance)
    output = archive.model.eval().forward_on_instance(instance)
    best = [archive.model.tags[tag] for tag in output["tags"]]
    assert found.argmax()[0][0].tolist() == best
    alone = archive.model.distribution(
        {name: torch.as_tensor(output[name]).unsqueeze(0) for name in ("span_scores", "mask")}
    )
    for name in ("marginals", "expected_transitions", "entropy"):
        expected = getattr(alone, name)
        torch.testing.assert_close(getattr(found, name)[:1], expected, atol=1e-5, rtol=1e-4)


def mixture_of(span_teachers, crf_teacher, sentences):
    """For each sentence the probability of every path in the even mixture of spans and a CRF."""
    chain = crf_teacher.distribution(sentences)
    mixtures = []
    for row, of_spans in enumerate(enumerated(span_teachers, sentences)):
        length = len(sentences[row])
        every = list(product(range(len(LABELS)), repeat=length))
        paths = torch.zeros(len(sentences), len(every), chain.mask.size(1), dtype=torch.long)
        paths[:, :, :length] = torch.tensor(every)
        mixture = {}
        for path, of_crf in zip(every, chain.log_prob(paths)[row].exp().tolist()):
            names = tuple(crf_teacher.labels[tag] for tag in path)
            if of_crf > 0 or names in of_spans:
                mixture[names] = (of_crf + of_spans.get(names, 0.0)) / 2
        mixtures.append(mixture)
    return mixtures


def test_a_mixture_with_a_crf(span_teachers, teachers):
    spans, crf = loaded(span_teachers), loaded(teachers)
    assert crf.labels != LABELS and set(crf.labels) == set(LABELS)
    ensemble = Ensemble([spans, crf])
    known = ensemble.teach(SENTENCES, KnowledgeRequest(SPAN_FIELDS, 5))
    for row, mixture in enumerate(mixture_of(span_teachers, crf, SENTENCES)):
        _, probabilities = assert_knows(known[row], mixture, ensemble.labels)
        for member in (spans, crf):
            best = member.distribution(SENTENCES).argmax()[0][row, : len(SENTENCES[row])]
            path = tuple(member.labels[tag] for tag in best)
            assert probabilities[0] >= mixture[path] - 1e-6


def test_all_paths_of_a_mixture(span_teachers, teachers):
    ensemble = Ensemble([loaded(span_teachers), loaded(teachers)])
    sentences = [words[:3] for words in SENTENCES]
    mixtures = mixture_of(span_teachers, loaded(teachers), sentences)
    assert max(map(len, mixtures)) < 100
    known = ensemble.teach(sentences, KnowledgeRequest(SPAN_FIELDS, 100))
    for knowledge, mixture in zip(known, mixtures):
        found, _ = assert_knows(knowledge, mixture, ensemble.labels)
        assert set(found) == set(mixture)


# ---- what they do not know


@pytest.mark.parametrize(
    "fields", [["emissions"], ["transitions"], ["emissions", "transitions", "posteriors"]]
)
def test_spans_have_no_potentials_of_tags(span_teachers, fields):
    ensemble = Ensemble([loaded(span_teachers)])
    with pytest.raises(ConfigurationError, match="a teacher scores spans, not tokens"):
        ensemble.teach(SENTENCES, KnowledgeRequest(frozenset(fields)))


def test_a_mixture_with_spans_has_no_emissions(span_teachers, teachers):
    ensemble = Ensemble([loaded(teachers), loaded(span_teachers)])
    with pytest.raises(ConfigurationError, match="a teacher scores spans, not tokens"):
        ensemble.teach(SENTENCES, KnowledgeRequest(frozenset(["emissions"])))


def test_two_teachers_have_no_potentials(span_teachers, teachers):
    request = KnowledgeRequest(frozenset(["transitions"]))
    for pair in ([span_teachers, teachers], [span_teachers] * 2, [teachers] * 2):
        with pytest.raises(ConfigurationError, match="a language has 2 teachers: a mixture of"):
            Ensemble([loaded(folder) for folder in pair]).teach(SENTENCES, request)


# ---- who learns from them

LOSSES = [{"type": "structural"}, {"type": "posterior"}, {"type": "weighted_top_k", "k": 4}]


def span_student_config(folder, student, losses=LOSSES):
    config = student_config(folder, losses)
    config["model"].update(type=student, schedule={"type": "constant", "weight": 1.0})
    config["vocabulary"] = {"tokens_to_add": {"labels": LABELS}}
    config["trainer"]["num_epochs"] = 1
    return config


@pytest.mark.parametrize("student", ["distilled_crf_tagger", "distilled_tagger"])
def test_taggers_learn_from_spans(span_teachers, tmp_path, student):
    own = tmp_path / "teachers"
    shutil.copytree(span_teachers, own)
    config = span_student_config(own, student)
    # What is not labelled is learnt from the teachers alone.
    (tmp_path / "text.txt").write_text("Anna\nsleeps\n\nIt\nrains\n\n", encoding="utf-8")
    config["train_data_path"]["en"] = str(tmp_path / "text.txt")
    train(config, tmp_path / "run")
    assert 0.0 < metrics_of(tmp_path / "run")["training_loss"] < math.inf
    shutil.rmtree(own)
    archive = load_archive(tmp_path / "run" / "model.tar.gz")
    assert not archive.model.distillation.teachers
    instances = list(archive.validation_dataset_reader.read(config["validation_data_path"]))
    for output in archive.model.eval().forward_on_instances(instances[:20]):
        tags_to_spans(output["tags"], "BIO", strict=True)


@pytest.mark.parametrize(
    "loss",
    [
        {"type": "emission"},
        {"type": "structural", "temperature": 2.0},
        {"type": "posterior", "temperature": 2.0, "temperature_on": "potentials"},
    ],
)
def test_losses_that_spans_cannot_teach(span_teachers, tmp_path, loss):
    config = span_student_config(span_teachers, "distilled_crf_tagger", [loss])
    with pytest.raises(ConfigurationError, match="a teacher scores spans, not tokens"):
        train(config, tmp_path / "run")
