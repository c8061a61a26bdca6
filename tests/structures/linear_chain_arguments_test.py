"""What `LinearChain` accepts, and what it refuses with which words."""

import re

import pytest
import torch

from skd_plugin.structures import LinearChain

PREFIX = "mask: expected tokens first and padding last, and a token in every row"
REFUSED = {
    "flat emissions": (
        dict(emissions=torch.zeros(2, 3)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (2, 3)",
    ),
    "empty batch": (
        dict(emissions=torch.zeros(0, 3, 2)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (0, 3, 2)",
    ),
    "no token": (
        dict(emissions=torch.zeros(2, 0, 2)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (2, 0, 2)",
    ),
    "no tag": (
        dict(emissions=torch.zeros(2, 3, 0)),
        "emissions: expected a non-empty (batch_size, num_tokens, num_tags), got (2, 3, 0)",
    ),
    "transitions": (
        dict(transitions=torch.zeros(3, 2)),
        "transitions: expected shape (2, 2), got (3, 2)",
    ),
    "flat transitions": (
        dict(transitions=torch.zeros(2)),
        "transitions: expected shape (2, 2), got (2,)",
    ),
    "transitions of another batch": (
        dict(transitions=torch.zeros(3, 2, 2)),
        "transitions: expected shape (2, 2, 2), got (3, 2, 2)",
    ),
    "one's transitions for all": (
        dict(transitions=torch.zeros(1, 2, 2)),
        "transitions: expected shape (2, 2, 2), got (1, 2, 2)",
    ),
    "start": (dict(start=torch.zeros(3)), "start: expected shape (2,), got (3,)"),
    "end": (dict(end=torch.zeros(1, 2)), "end: expected shape (2,), got (1, 2)"),
    "mask": (
        dict(mask=torch.ones(2, 4, dtype=torch.bool)),
        "mask: expected shape (2, 3), got (2, 4)",
    ),
    "left padding": (
        dict(mask=torch.tensor([[True, True, True], [False, True, True]])),
        PREFIX,
    ),
    "a hole": (dict(mask=torch.tensor([[True, False, True], [True, True, True]])), PREFIX),
    "a hole in integers": (dict(mask=torch.tensor([[1, 0, 1], [1, 1, 1]])), PREFIX),
    "an empty sentence": (
        dict(mask=torch.tensor([[True, True, True], [False, False, False]])),
        PREFIX,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    wrong, message = REFUSED[case]
    arguments = {"emissions": torch.zeros(2, 3, 2), "transitions": torch.zeros(2, 2), **wrong}
    with pytest.raises(ValueError, match=re.escape(message)):
        LinearChain(**arguments)


@pytest.mark.parametrize("case", ["a hole", "an empty sentence", "mask"])
def test_refused_without_transitions(case):
    wrong, message = REFUSED[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        LinearChain(torch.zeros(2, 3, 2), **wrong)


def test_integer_masks_and_missing_arguments():
    emissions, transitions = torch.randn(2, 3, 2), torch.randn(2, 2)
    plain = LinearChain(emissions, transitions)
    full = LinearChain(
        emissions, transitions, torch.zeros(2), torch.zeros(2), torch.ones(2, 3).long()
    )
    assert torch.equal(plain.log_partition, full.log_partition) and full.mask.dtype == torch.bool


@pytest.mark.parametrize("mask", [None, torch.tensor([[True, True], [True, False]])])
def test_views_are_as_good_as_copies(mask):
    wide = torch.randn(3, 2, 2).double()
    emissions, transitions = wide.permute(1, 2, 0), torch.randn(1, 3).double().expand(3, 3)
    views = LinearChain(emissions, transitions, transitions[0], transitions[:, 1], mask)
    copies = LinearChain(
        emissions.contiguous(),
        transitions.contiguous(),
        transitions[0].clone(),
        transitions[:, 1].clone(),
        mask,
    )
    for name in ("log_partition", "marginals", "edge_marginals", "entropy"):
        assert torch.equal(getattr(views, name), getattr(copies, name))
    for found, expected in zip(views.top_k(9), copies.top_k(9)):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("tags", [torch.zeros(2, 3), torch.zeros(2, 5, 3), torch.zeros(1, 4)])
def test_refused_tags(tags):
    chain = LinearChain(torch.zeros(2, 4, 3), torch.zeros(3, 3))
    for method in (chain.score, chain.log_prob):
        with pytest.raises(ValueError, match="tags: expected shape"):
            method(tags.long())


def test_refused_expectations():
    chain = LinearChain(torch.zeros(2, 4, 3), torch.zeros(3, 3))
    with pytest.raises(ValueError, match="marginals: expected shape"):
        chain.expected_score(torch.zeros(2, 3, 3), torch.zeros(2, 3, 3))
    with pytest.raises(ValueError, match="expected_transitions: expected shape"):
        chain.expected_log_prob(torch.zeros(2, 4, 3), torch.zeros(3, 3))
