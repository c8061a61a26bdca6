"""The teachers of one language as one, against the enumeration of all paths of the mixture."""

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import KnowledgeRequest
from skd_plugin.teachers import Ensemble, Teacher
from tests.brute_force import random_inputs

ALL = frozenset(["paths", "posteriors", "emissions"])
LENGTHS = [3, 1, 2]
SENTENCES = [["word"] * length for length in LENGTHS]


class FakeTeacher(Teacher):
    """Gives random chains; notes what is done to it."""

    def __init__(self, labels, seed, forbidden=0.0, weight=1.0):
        super().__init__(weight)
        self.names = labels
        self.inputs = random_inputs(LENGTHS, len(labels), seed, forbidden)
        self.seed = seed
        self.calls = []

    @property
    def fingerprint(self):
        return f"teacher {self.seed}"

    @property
    def labels(self):
        return self.names

    def load(self, device):
        self.calls.append(("load", device))

    def release(self):
        self.calls.append("release")

    def distribution(self, sentences):
        assert [len(words) for words in sentences] == LENGTHS
        return self.inputs.chain(torch.float32)

    def distributions(self):
        """For each sentence the probability of every path, written as labels."""
        return [
            {
                tuple(self.names[tag] for tag in path): p
                for path, p in sentence.probabilities().items()
            }
            for sentence in self.inputs.sentences()
        ]


def mixture(teachers):
    """For each sentence the probability of every path in the mixture."""
    mixed, total_weight = [], sum(teacher.weight for teacher in teachers)
    for of_teachers in zip(*[teacher.distributions() for teacher in teachers]):
        total = defaultdict(float)
        for teacher, distribution in zip(teachers, of_teachers):
            for path, p in distribution.items():
                total[path] += p * teacher.weight / total_weight
        mixed.append(dict(total))
    return mixed


def node_marginals(distribution, labels, length):
    table = np.zeros((length, len(labels)))
    for path, p in distribution.items():
        for token, label in enumerate(path):
            table[token, labels.index(label)] += p
    return table


TEAMS = {
    "one": [FakeTeacher(["O", "B", "I"], 1)],
    "one with constraints": [FakeTeacher(["O", "B", "I"], 1, forbidden=0.3)],
    "two": [FakeTeacher(["O", "B", "I"], 1), FakeTeacher(["I", "O", "B"], 2)],
    "two of unlike weight": [
        FakeTeacher(["O", "B", "I"], 1, weight=3.0),
        FakeTeacher(["I", "O", "B"], 2, weight=0.5),
    ],
    "three with other labels": [
        FakeTeacher(["O", "B"], 3),
        FakeTeacher(["X", "O"], 4, forbidden=0.3),
        FakeTeacher(["B", "O"], 5),
    ],
}


@pytest.mark.parametrize("team", TEAMS)
def test_mixture_is_exact(team):
    teachers = TEAMS[team]
    ensemble = Ensemble(teachers)
    labels = ensemble.labels
    assert labels == sorted({label for teacher in teachers for label in teacher.labels})
    # 40 paths are more than exist.
    known = ensemble.teach(SENTENCES, KnowledgeRequest(ALL, 40))
    for knowledge, distribution, length in zip(known, mixture(teachers), LENGTHS):
        paths = [tuple(labels[tag] for tag in path) for path in knowledge.paths]
        assert len(set(paths)) == len(paths) and set(paths) == set(distribution)
        expected = [math.log(distribution[path]) for path in paths]
        # The gaps to the best path have half precision.
        assert knowledge.path_log_probs.tolist() == pytest.approx(expected, abs=5e-3)
        assert (np.diff(knowledge.path_log_probs) <= 0).all()
        posteriors = np.exp(knowledge.log_posteriors.astype(np.float64))
        np.testing.assert_allclose(
            posteriors, node_marginals(distribution, labels, length), atol=2e-3
        )
        assert knowledge.num_paths_asked == 40
        assert knowledge.lacks(KnowledgeRequest(ALL, 40)) == KnowledgeRequest()


@pytest.mark.parametrize("team", TEAMS)
def test_emissions_are_averaged(team):
    teachers = TEAMS[team]
    ensemble = Ensemble(teachers)
    labels = ensemble.labels
    known = ensemble.teach(SENTENCES, KnowledgeRequest(frozenset(["emissions"])))
    for row, (knowledge, length) in enumerate(zip(known, LENGTHS)):
        expected = np.zeros((length, len(labels)))
        for teacher in teachers:
            distributions = teacher.inputs.emissions[row, :length].softmax(dim=-1).numpy()
            for tag, label in enumerate(teacher.labels):
                share = teacher.weight / sum(one.weight for one in teachers)
                expected[:, labels.index(label)] += distributions[:, tag] * share
        np.testing.assert_allclose(
            np.exp(knowledge.log_emissions.astype(float)), expected, atol=2e-3
        )
        assert (knowledge.log_emissions[expected == 0] == -np.inf).all()
        assert knowledge.paths is None and knowledge.log_posteriors is None


@pytest.mark.parametrize("k", [1, 2, 5])
def test_one_teacher_gives_its_own_best_paths(k):
    teacher = FakeTeacher(["O", "B", "I"], 1)
    known = Ensemble([teacher]).teach(SENTENCES, KnowledgeRequest(frozenset(["paths"]), k))
    for knowledge, sentence in zip(known, teacher.inputs.sentences()):
        expected = sentence.top_k(k)
        # The labels in alphabetical order are B, I, O.
        assert knowledge.paths.tolist() == [
            [[2, 0, 1][tag] for tag in path] for path, _ in expected
        ]
        log_probs = [score - sentence.log_partition() for _, score in expected]
        gaps = np.array(log_probs[0]) - log_probs
        assert (abs(knowledge.path_log_probs - log_probs) <= 1e-4 + gaps * 2**-11).all()


def test_labels_that_no_member_gives_are_impossible():
    teachers = [FakeTeacher(["B", "O"], 1), FakeTeacher(["O", "X"], 2)]
    one, both = Ensemble(teachers[:1]), Ensemble(teachers)
    request = KnowledgeRequest(frozenset(["posteriors"]))
    alone, mixed = one.teach(SENTENCES, request)[0], both.teach(SENTENCES, request)[0]
    np.testing.assert_allclose(
        mixed.log_posteriors[:, 0], alone.log_posteriors[:, 0] - math.log(2), atol=5e-3
    )
    assert alone.log_posteriors.shape == (3, 2) and mixed.log_posteriors.shape == (3, 3)


def test_two_equal_teachers_are_as_one():
    teacher = FakeTeacher(["O", "B"], 1)
    one, two = (
        Ensemble([teacher] * number).teach(SENTENCES, KnowledgeRequest(ALL, 4)) for number in (1, 2)
    )
    for alone, twice in zip(one, two):
        assert alone.paths.tolist() == twice.paths.tolist()
        np.testing.assert_allclose(alone.path_log_probs, twice.path_log_probs, atol=5e-3)
        np.testing.assert_allclose(alone.log_posteriors, twice.log_posteriors, atol=5e-3)


def test_knowledge_is_compact():
    knowledge = Ensemble(TEAMS["two"]).teach(SENTENCES, KnowledgeRequest(ALL, 4))[1]
    assert knowledge.paths.dtype == np.uint8 and knowledge.path_log_probs.dtype == np.float32
    assert knowledge.log_posteriors.dtype == knowledge.log_emissions.dtype == np.float16
    # Three paths of one token exist, and nothing is padded.
    assert knowledge.paths.shape == (3, 1) and knowledge.log_emissions.shape == (1, 3)


def test_fingerprint_names_the_members_in_any_order():
    one, two, three = (FakeTeacher(["O"], seed) for seed in (1, 2, 3))
    assert Ensemble([one, two]).fingerprint == Ensemble([two, one]).fingerprint
    prints = {
        Ensemble(team).fingerprint for team in ([one], [one, two], [one, three], [one, one], [two])
    }
    assert len(prints) == 5


def test_fingerprint_names_the_shares():
    def fingerprint(*weights):
        return Ensemble([FakeTeacher(["O"], 7, weight=one) for one in weights]).fingerprint

    assert fingerprint(1, 1) == fingerprint(2, 2) != fingerprint(1, 3)
    assert fingerprint(1) == fingerprint(5)
    assert fingerprint(1, 3) == fingerprint(3, 1) == fingerprint(0.25, 0.75)


@pytest.mark.parametrize("weight", [0, -1.5])
def test_weight_that_is_none(weight):
    message = f"weight of a teacher: expected a positive number, got {weight}"
    with pytest.raises(ConfigurationError, match=message):
        FakeTeacher(["O"], 1, weight=weight)


def test_description_names_teachers_and_their_shares():
    assert Ensemble([FakeTeacher(["O"], 1)]).description == "FakeTeacher"
    two = [FakeTeacher(["O"], 1, weight=3), FakeTeacher(["O"], 2)]
    assert Ensemble(two).description == "FakeTeacher (75%), FakeTeacher (25%)"


def test_loading_and_releasing():
    teachers = [FakeTeacher(["O"], seed) for seed in (1, 2)]
    ensemble = Ensemble(teachers)
    ensemble.load(torch.device("cpu"))
    ensemble.release()
    assert all(teacher.calls == [("load", torch.device("cpu")), "release"] for teacher in teachers)


def test_no_teacher():
    with pytest.raises(
        ConfigurationError, match="a language with an empty list; expected at least one teacher"
    ):
        Ensemble([])
