"""`TaggedSpans` against the enumeration of all segmentations and their tag paths."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from skd_plugin.structures import SemiMarkov, SpanTags, TaggedSpans
from tests.brute_force_spans import bio, bioul, close, random_span_batches, random_span_inputs
from tests.structures.random_chains import RANDOM

encodings = st.sampled_from([bio, bioul])


def tagged(inputs, encoding):
    """The distribution over tag paths, and of each sentence its paths with their scores and probabilities."""
    spans = inputs.spans()
    tags = encoding(spans.num_labels)
    sentences = []
    for sentence in inputs.sentences():
        paths, probabilities = sentence.paths(tags), sentence.probabilities()
        sentences.append(
            {path: (sentence.scores[one], probabilities[one]) for path, one in paths.items()}
        )
    return TaggedSpans(spans, tags), sentences


@RANDOM
@given(inputs=random_span_batches, encoding=encodings)
def test_marginals(inputs, encoding):
    distribution, sentences = tagged(inputs, encoding)
    for row, paths in enumerate(sentences):
        length = len(next(iter(paths)))
        expected = torch.zeros(length, distribution.tags.num_tags).double()
        for path, (_, probability) in paths.items():
            expected[range(length), path] += probability
        close(distribution.marginals[row, :length], expected)
        log_marginals = distribution.log_marginals[row, :length]
        close(log_marginals[expected > 0], expected[expected > 0].log())
        assert (log_marginals[expected == 0] < -1e20).all()
        assert not distribution.marginals[row, length:].any()
        assert not distribution.log_marginals[row, length:].any()


@RANDOM
@given(inputs=random_span_batches, encoding=encodings)
def test_expected_transitions(inputs, encoding):
    distribution, sentences = tagged(inputs, encoding)
    for row, paths in enumerate(sentences):
        expected = torch.zeros(2 * (distribution.tags.num_tags,)).double()
        for path, (_, probability) in paths.items():
            for one, other in zip(path, path[1:]):
                expected[one, other] += probability
        close(distribution.expected_transitions[row], expected)


@RANDOM
@given(inputs=random_span_batches, encoding=encodings)
def test_log_partition_and_entropy(inputs, encoding):
    distribution, sentences = tagged(inputs, encoding)
    for row, paths in enumerate(sentences):
        total = math.fsum(math.exp(score) for score, _ in paths.values())
        close(distribution.log_partition[row], math.log(total))
        entropy = -math.fsum(p * math.log(p) for _, p in paths.values() if p > 0)
        close(distribution.entropy[row], entropy)


@RANDOM
@given(inputs=random_span_batches, encoding=encodings, padding=st.integers(0, 2))
def test_paths_that_are_possible(inputs, encoding, padding):
    distribution, sentences = tagged(inputs, encoding)
    for row, paths in enumerate(sentences):
        tags = torch.full((len(inputs.mask), len(paths), inputs.mask.size(1)), padding)
        for rank, path in enumerate(paths):
            tags[:, rank, : len(path)] = torch.tensor(path)
        scores, log_probs = distribution.score(tags), distribution.log_prob(tags)
        close(scores[row], [score for score, _ in paths.values()])
        close(log_probs[row].exp(), [probability for _, probability in paths.values()])
        close(distribution.score(tags[:, 0]), scores[:, 0], 0)
        close(distribution.log_prob(tags[:, 0]), log_probs[:, 0], 0)


@pytest.mark.parametrize("encoding, num_labels", [(bio, 1), (bio, 2), (bioul, 1)])
@pytest.mark.parametrize("max_width", [1, 2, 3])
def test_all_other_paths_are_impossible(encoding, num_labels, max_width):
    inputs = random_span_inputs([4, 2], max_width, num_labels, forbidden=0.1)
    distribution, sentences = tagged(inputs, encoding)
    every = list(itertools.product(range(distribution.tags.num_tags), repeat=4))
    tags = torch.tensor(every).expand(2, -1, -1)
    scores, log_probs = distribution.score(tags), distribution.log_prob(tags)
    for row, paths in enumerate(sentences):
        possible = torch.tensor([path[: (4, 2)[row]] in paths for path in every])
        assert 0 < possible.sum() < len(every)
        assert torch.equal(scores[row] > -5e29, possible)
        assert (scores[row][~possible] <= -1e30).all()
        assert (log_probs[row][~possible] < -9e29).all()


@RANDOM
@given(inputs=random_span_batches, encoding=encodings, k=st.sampled_from([1, 3, 20, 1100]))
def test_top_k(inputs, encoding, k):
    distribution, sentences = tagged(inputs, encoding)
    best = distribution.top_k(k)
    assert best.paths.shape == (len(sentences), k, inputs.mask.size(1))
    best_path, best_score = distribution.argmax()
    for row, paths in enumerate(sentences):
        length, number = len(next(iter(paths))), min(k, len(paths))
        assert best.mask[row].tolist() == [True] * number + [False] * (k - number)
        close(best.scores[row, :number], sorted((s for s, _ in paths.values()), reverse=True)[:k])
        assert (best.scores[row, number:] == -math.inf).all()
        found = [tuple(path) for path in best.paths[row, :number, :length].tolist()]
        assert len(set(found)) == number
        close(best.scores[row, :number], [paths[path][0] for path in found])
        assert not best.paths[row, number:].any() and not best.paths[row, :, length:].any()
        assert tuple(best_path[row, :length].tolist()) == found[0]
        assert best_score[row] == best.scores[row, 0] and not best_path[row, length:].any()


@RANDOM
@given(inputs=random_span_batches, lacking=st.sets(st.sampled_from(range(4)), min_size=1))
def test_spans_that_lack_a_tag_are_impossible(inputs, lacking):
    complete = bioul(inputs.span_scores.size(3))
    places = [place.clone() for place in complete[2:]]
    for place in lacking:
        places[place][0] = -1
    # A token outside is always possible, lest a sentence could not be written.
    inputs = inputs._replace(outside_scores=inputs.outside_scores.clamp(min=-1.0))
    distribution, sentences = tagged(inputs, lambda _: SpanTags(*complete[:2], *places))
    best = distribution.top_k(1100)
    for row, paths in enumerate(sentences):
        total = math.fsum(math.exp(score) for score, _ in paths.values())
        close(distribution.log_partition[row], math.log(total))
        length = len(next(iter(paths)))
        expected = torch.zeros(length, complete.num_tags).double()
        transitions = torch.zeros(complete.num_tags, complete.num_tags).double()
        for path, (score, _) in paths.items():
            expected[range(length), path] += math.exp(score) / total
            for one, other in zip(path, path[1:]):
                transitions[one, other] += math.exp(score) / total
        close(distribution.marginals[row, :length], expected)
        close(distribution.expected_transitions[row], transitions)
        found = best.paths[row, best.mask[row], :length].tolist()
        assert set(map(tuple, found)) == set(paths)


@pytest.mark.parametrize("encoding", [bio, bioul])
def test_relabeled(encoding):
    inputs = random_span_inputs([4, 2], max_width=3, num_labels=2)
    old, _ = tagged(inputs, encoding)
    moved = 2 + torch.randperm(old.tags.num_tags, generator=torch.Generator().manual_seed(0))
    size = old.tags.num_tags + 3
    new = old.relabeled(moved, size)
    assert new.marginals.shape == (2, 4, size)
    close(new.marginals[..., moved], old.marginals)
    close(new.marginals.sum(dim=2), inputs.mask)
    others = [tag for tag in range(size) if tag not in moved.tolist()]
    assert (new.log_marginals[inputs.mask][:, others] <= -1e30).all()
    close(new.expected_transitions[:, moved][:, :, moved], old.expected_transitions)
    close(new.expected_transitions.sum(dim=(1, 2)), inputs.mask.sum(dim=1) - 1)
    best = old.top_k(5)
    assert torch.equal(new.top_k(5).paths, moved[best.paths] * inputs.mask.unsqueeze(1))
    close(new.score(moved[best.paths]), best.scores)
    with_new = moved[best.paths]
    with_new[:, :, 0] = others[0]
    assert (new.score(with_new) <= -1e30).all()


def test_relabeled_keeps_what_is_lacking():
    tags = SpanTags(2, 1, *map(torch.tensor, ([0], [-1], [-1], [0])))
    distribution = TaggedSpans(SemiMarkov(torch.zeros(1, 3, 3, 1)), tags)
    moved = distribution.relabeled(torch.tensor([4, 2]), 5)
    assert moved.tags.outside == 2 and moved.tags.inside.tolist() == [-1]
    assert moved.top_k(20).mask.sum() == distribution.top_k(20).mask.sum() == 8


# ---- numerics


def weighted(tensor):
    weights = torch.linspace(0.5, 2.0, tensor.numel(), dtype=tensor.dtype).view_as(tensor)
    return torch.where(tensor > -1e20, tensor * weights, torch.zeros_like(tensor)).sum()


ANSWERS = ["log_partition", "entropy", "log_marginals", "marginals", "expected_transitions"]


@pytest.mark.parametrize("encoding", [bio, bioul])
@pytest.mark.parametrize("name", ANSWERS)
def test_gradients(name, encoding):
    inputs = random_span_inputs([4, 1, 2], max_width=3, num_labels=1)
    finite = [torch.nan_to_num(scores, nan=0.5).requires_grad_() for scores in inputs[:2]]
    assert gradcheck(
        lambda *scores: weighted(
            getattr(TaggedSpans(SemiMarkov(*scores, inputs.mask), encoding(1)), name)
        ),
        finite,
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [2.0, 1e4])
@pytest.mark.parametrize("name", ANSWERS)
def test_gradients_are_finite_where_scores_are_forbidden(name, dtype, scale):
    inputs = random_span_inputs(
        [6, 1, 3], max_width=4, num_labels=2, forbidden=0.5, scale=scale, num_tokens=8
    )
    scores = [tensor.to(dtype).requires_grad_() for tensor in inputs[:2]]
    answer = getattr(TaggedSpans(SemiMarkov(*scores, inputs.mask), bioul(2)), name)
    assert torch.isfinite(answer).all() and answer.dtype == dtype
    answer[answer > -1e20].sum().backward()
    assert all(torch.isfinite(tensor.grad).all() for tensor in scores)


def test_long_sentences_in_single_precision():
    inputs = random_span_inputs([2000, 20], max_width=5, num_labels=2, scale=5.0, forbidden=0.1)
    inputs = inputs._replace(
        span_scores=inputs.span_scores.float(), outside_scores=inputs.outside_scores.float()
    )
    single = TaggedSpans(inputs.spans(torch.float32), bioul(2))
    double = TaggedSpans(inputs.spans(), bioul(2))
    close(single.marginals, double.marginals, 1e-5)
    close(double.marginals.sum(dim=2), inputs.mask)
    close(single.expected_transitions, double.expected_transitions, 1e-4)
    close(double.expected_transitions.sum(dim=(1, 2)), [1999, 19])
    assert torch.equal(single.argmax()[0], double.argmax()[0])


# ---- what is refused


def test_refused_tags():
    with pytest.raises(ValueError, match="tags: expected one tag for each of 1 labels, got"):
        TaggedSpans(SemiMarkov(torch.zeros(1, 2, 2, 1)), bio(3))


def test_refused_k():
    distribution = TaggedSpans(SemiMarkov(torch.zeros(1, 1, 1, 1)), bio(1))
    with pytest.raises(ValueError, match="k: expected a positive number of segmentations, got 0"):
        distribution.top_k(0)
