"""Chains of AllenNLP's CRF module, against what that module itself computes."""

import itertools
import math

import pytest
import torch
from allennlp.modules import ConditionalRandomField
from hypothesis import given, settings
from hypothesis import strategies as st

from skd_plugin.modules.crf_chain import crf_chain

NUM_TAGS = 3
# Tag 0 neither starts a sentence nor follows tag 1; tag 2 ends none. The start is 3, the end 4.
PAIRS = itertools.product(range(NUM_TAGS + 2), repeat=2)
CONSTRAINTS = [pair for pair in PAIRS if pair not in ((3, 0), (1, 0), (2, 4))]


def random_crf(seed, start_end=True, constrained=False):
    torch.manual_seed(seed)
    return ConditionalRandomField(NUM_TAGS, CONSTRAINTS if constrained else None, start_end)


def random_batch(seed, lengths):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(len(lengths), max(lengths), NUM_TAGS, generator=generator)
    tags = torch.randint(NUM_TAGS, logits.shape[:2], generator=generator)
    return logits, torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1), tags


some_lengths = st.lists(st.integers(2, 5), min_size=2, max_size=3)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40)
@given(lengths=some_lengths, seed=seeds, start_end=st.booleans(), constrained=st.booleans())
def test_training_loss_is_that_of_the_crf(lengths, seed, start_end, constrained):
    crf = random_crf(seed, start_end, constrained)
    logits, mask, tags = random_batch(seed, lengths)
    # AllenNLP trains without its constraints, and sums over the batch.
    log_probs = crf_chain(crf, logits, mask).log_prob(tags)
    torch.testing.assert_close(log_probs.sum(), crf(logits, tags, mask), atol=1e-4, rtol=1e-5)


@settings(max_examples=40)
@given(
    lengths=some_lengths,
    seed=seeds,
    start_end=st.booleans(),
    constrained=st.booleans(),
    k=st.integers(1, 3),
)
def test_best_paths_are_those_of_the_crf(lengths, seed, start_end, constrained, k):
    crf = random_crf(seed, start_end, constrained)
    logits, mask, _ = random_batch(seed, lengths)
    best = crf_chain(crf, logits, mask, constrained=True).top_k(k)
    assert best.mask.all()
    for row, expected in enumerate(crf.viterbi_tags(logits, mask, top_k=k)):
        paths = [path[: lengths[row]] for path in best.paths[row].tolist()]
        assert paths == [path for path, _ in expected]
        assert best.scores[row].tolist() == pytest.approx([s for _, s in expected], abs=1e-3)


def test_argmax_is_viterbi_on_one_token():
    crf = random_crf(0, constrained=True)
    logits, mask, _ = random_batch(0, [1, 1])
    paths, scores = crf_chain(crf, logits, mask, constrained=True).argmax()
    expected = [crf.viterbi_tags(logits[[row], :1], mask[[row], :1])[0] for row in range(2)]
    assert paths.tolist() == [path for path, _ in expected] == [[1], [1]]
    assert scores.tolist() == pytest.approx([score for _, score in expected], abs=1e-3)


def test_constraints_count_only_if_asked_for():
    crf = random_crf(0, constrained=True)
    logits, mask, _ = random_batch(0, [3])
    free, bound = crf_chain(crf, logits, mask), crf_chain(crf, logits, mask, constrained=True)
    assert free.top_k(100).mask.sum() == 3**3
    paths = [tuple(path) for path in bound.top_k(100).paths[0][bound.top_k(100).mask[0]].tolist()]
    allowed = [
        path
        for path in itertools.product(range(NUM_TAGS), repeat=3)
        if all(pair in CONSTRAINTS for pair in zip((3, *path), (*path, 4)))
    ]
    assert sorted(paths) == allowed
    assert not bound.marginals[0, 0, 0] and not bound.edge_marginals[0, :, 1, 0].any()
    assert not bound.marginals[0, 2, 2]


def test_k_above_the_number_of_paths():
    """AllenNLP then repeats itself, with scores near -10^4; this package does not."""
    logits, mask, _ = random_batch(1, [2])
    stock = random_crf(1).viterbi_tags(logits, mask, top_k=12)[0]
    assert len(stock) == 12 and len({tuple(path) for path, _ in stock}) < 12
    assert min(score for _, score in stock) < -5_000
    best = crf_chain(random_crf(1), logits, mask, constrained=True).top_k(12)
    assert best.mask[0].tolist() == [True] * 9 + [False] * 3
    assert len({tuple(path) for path in best.paths[0, :9].tolist()}) == 9
    assert best.scores[0, :9].min() > -100 and (best.scores[0, 9:] == -math.inf).all()
    assert [path for path, _ in stock[:9]] == best.paths[0, :9].tolist()


def test_gradients_reach_the_crf():
    crf = random_crf(0)
    logits, mask, tags = random_batch(0, [3, 2])
    crf_chain(crf, logits, mask).log_prob(tags).sum().backward()
    for parameter in (crf.transitions, crf.start_transitions, crf.end_transitions):
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0
