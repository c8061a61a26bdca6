"""
Losses of cached knowledge against those of what the teacher says in full: how much half precision costs.

The bound: 2^-9 nats a token, and 2^-9 of the loss. Log-probabilities are kept with a relative error of 2^-11, so that
p log p has one of |p log p| 2^-11 at most; the rest is for temperatures and normalisation.
"""

import numpy as np
import pytest
import torch

from skd_plugin.knowledge import CachedKnowledge, Knowledge, KnowledgeBatch, LmdbKnowledgeStore
from skd_plugin.losses import (
    DistillationLoss,
    EmissionLoss,
    LogitsLoss,
    PosteriorLoss,
    StructuralLoss,
    TopKLoss,
    WeightedTopKLoss,
)
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Asking, Ensemble, Question, Teacher

LABELS = [f"L{index:02d}" for index in range(12)]
LENGTHS = [40, 1, 17, 2, 25, 9]
LOSSES = {
    "emission": EmissionLoss(),
    "emission, T 4": EmissionLoss(temperature=4),
    "logits": LogitsLoss(),
    "top_k": TopKLoss(k=10),
    "weighted_top_k": WeightedTopKLoss(k=10),
    "posterior": PosteriorLoss(),
    "posterior, T 4": PosteriorLoss(temperature=4),
    "posterior, T 4 on potentials": PosteriorLoss(temperature=4, temperature_on="potentials"),
    "structural": StructuralLoss(),
    "structural, T 2": StructuralLoss(temperature=2),
    "structural, from potentials": StructuralLoss(from_potentials=True),
}


class ChainTeacher(Teacher):
    """Gives one chain, cut to the sentences it is asked about: they are named by their row."""

    fingerprint = "chain"
    labels = LABELS

    def __init__(self, chain):
        super().__init__()
        self.chain = chain

    def distribution(self, sentences):
        rows = torch.tensor([int(words[0]) for words in sentences])
        num_tokens = max(map(len, sentences))
        chain = self.chain
        return LinearChain(
            chain.emissions[rows, :num_tokens],
            chain.transitions,
            chain.start,
            chain.end,
            chain.mask[rows, :num_tokens],
        )


def random_chain(seed, scale, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)

    def scores(*shape):
        values = scale * torch.randn(*shape, generator=generator)
        return values.requires_grad_(requires_grad)

    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)
    count = len(LABELS)
    emissions = scores(len(LENGTHS), max(LENGTHS), count)
    return emissions, LinearChain(
        emissions, scores(count, count), scores(count), scores(count), mask
    )


def in_full(chain, request):
    """What `Ensemble.teach` says, but in single precision."""
    known = []
    best = chain.top_k(request.num_paths) if request.num_paths else None
    for row, length in enumerate(LENGTHS):
        ends = torch.stack([chain.start, chain.end])
        knowledge = Knowledge(
            log_posteriors=chain.log_marginals[row, :length].numpy(),
            log_emissions=chain.emissions[row, :length].log_softmax(dim=-1).numpy(),
            expected_transitions=chain.expected_transitions[row].numpy(),
            transitions=torch.cat([chain.transitions, ends]).numpy(),
        )
        if best is not None:
            exist = best.mask[row].numpy()
            paths = best.paths[row, :, :length].numpy()[exist]
            log_probs = chain.log_prob(best.paths)[row].numpy()[exist]
            knowledge = Knowledge(
                paths=paths, path_log_probs=log_probs, num_paths_asked=request.num_paths
            )
        known.append((knowledge, np.arange(len(LABELS))))
    return KnowledgeBatch.collate(known, request, max(LENGTHS), len(LABELS), torch.device("cpu"))


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("name", LOSSES)
def test_cached_knowledge_gives_the_loss_of_the_live_teacher(name, scale, tmp_path):
    loss: DistillationLoss = LOSSES[name]
    _, teacher_chain = random_chain(1, scale)
    teacher = ChainTeacher(teacher_chain)
    store = LmdbKnowledgeStore(tmp_path)
    store.open("")
    sentences = [
        Question("en", str(row), [str(row)] * length) for row, length in enumerate(LENGTHS)
    ]
    ensembles = {"en": Ensemble([teacher])}
    Asking(store, ensembles, loss.request, torch.device("cpu"), is_quiet=True)(sentences)
    tags = {label: index for index, label in enumerate(LABELS)}
    cached = CachedKnowledge(store, {"en": ensembles["en"].fingerprint}, loss.request, tags)
    metadata = [{"language": "en", "key": sentence.key} for sentence in sentences]
    stored = cached.batch(metadata, max(LENGTHS), torch.device("cpu"))
    store.close()

    results = []
    for knowledge in (stored, in_full(teacher_chain, loss.request)):
        emissions, student = random_chain(2, 1.0, requires_grad=True)
        value = loss(student, knowledge)
        (gradient,) = torch.autograd.grad(value.sum(), emissions)
        results.append((value.detach(), gradient))
    (found, gradient), (expected, exact) = results
    bound = 2**-9 * (torch.tensor(LENGTHS) + expected)
    assert (found - expected).abs().le(bound).all(), ((found - expected) / bound).tolist()
    torch.testing.assert_close(gradient, exact, atol=2**-8, rtol=2**-8)
