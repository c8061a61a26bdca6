"""`SemiMarkov` against the enumeration of all segmentations, and its numerics."""

import math
import re

import pytest
import torch
from hypothesis import given
from scipy.stats import chisquare
from torch.autograd import gradcheck

from skd_plugin.structures import LinearChain, Segmentations, SemiMarkov
from tests.brute_force_spans import SpanInputs, close, random_span_batches, random_span_inputs, read
from tests.structures.random_chains import RANDOM


@RANDOM
@given(inputs=random_span_batches)
def test_log_partition_and_entropy(inputs):
    spans, sentences = inputs.spans(), inputs.sentences()
    close(spans.log_partition, [sentence.log_partition() for sentence in sentences])
    close(spans.entropy, [sentence.entropy() for sentence in sentences])


@RANDOM
@given(inputs=random_span_batches)
def test_marginals(inputs):
    spans = inputs.spans()
    for row, sentence in enumerate(inputs.sentences()):
        length = sentence.num_tokens
        expected, outside = sentence.span_marginals(), sentence.outside_marginals()
        close(spans.span_marginals[row, :length], expected)
        close(spans.outside_marginals[row, :length], outside)
        log_marginals = spans.log_span_marginals[row, :length]
        close(log_marginals[expected > 0], expected[expected > 0].log())
        assert (log_marginals[expected == 0] < -1e20).all()
        log_outside = spans.log_outside_marginals[row, :length]
        close(log_outside[outside > 0], outside[outside > 0].log())
        assert (log_outside[outside == 0] < -1e20).all()
        assert not spans.span_marginals[row, length:].any()
        assert not spans.outside_marginals[row, length:].any()
        assert (spans.log_span_marginals[row, length:] < -1e20).all()
        assert (spans.log_outside_marginals[row, length:] < -1e20).all()


@RANDOM
@given(inputs=random_span_batches)
def test_boundaries(inputs):
    found = inputs.spans().log_boundaries.exp()
    for row, sentence in enumerate(inputs.sentences()):
        expected = torch.zeros(sentence.num_tokens + 1).double()
        for segmentation, probability in sentence.probabilities().items():
            expected[[start for start, _, _ in segmentation] + [-1]] += probability
        close(found[row, : sentence.num_tokens + 1], expected)


@RANDOM
@given(inputs=random_span_batches)
def test_score_and_log_prob(inputs):
    spans = inputs.spans()
    for row, sentence in enumerate(inputs.sentences()):
        chosen = list(sentence.scores)
        segmentations = stacked(chosen, len(inputs.mask), inputs.mask.size(1))
        scores, log_probs = spans.score(segmentations), spans.log_prob(segmentations)
        close(scores[row], [sentence.scores[one] for one in chosen])
        close(log_probs[row].exp(), [sentence.probabilities()[one] for one in chosen])
        first = Segmentations(segmentations.widths[:, 0], segmentations.labels[:, 0])
        close(spans.score(first), scores[:, 0], 0)
        close(spans.log_prob(first), log_probs[:, 0], 0)


def stacked(segmentations, batch_size, num_tokens):
    """The same segmentations for every sentence of a batch."""
    widths = torch.zeros(len(segmentations), num_tokens, dtype=torch.long)
    labels = torch.full_like(widths, -1)
    for rank, segmentation in enumerate(segmentations):
        for start, width, label in segmentation:
            widths[rank, start], labels[rank, start] = width, label
    return Segmentations(*(t.expand(batch_size, -1, -1).contiguous() for t in (widths, labels)))


@pytest.mark.parametrize(
    "widths, labels",
    [
        ([1, 1, 0, 0], [-1, -1, -1, -1]),  # too short
        ([1, 1, 1, 1], [-1, -1, -1, -1]),  # goes on in the padding
        ([2, 1, 0, 0], [0, 0, -1, -1]),  # overlap
        ([1, 0, 1, 0], [0, -1, 0, -1]),  # a hole
        ([3, 0, 0, 0], [0, -1, -1, -1]),  # too wide
        ([2, 0, 1, 0], [-1, -1, -1, -1]),  # two tokens outside at once
        ([1, 1, 1, 0], [2, -1, -1, -1]),  # no such label
        ([2, 0, 1, 0], [1, 1, -1, -1]),  # a label where nothing starts
        ([0, 2, 0, 1], [-1, 0, -1, 0]),  # starts late
    ],
)
def test_what_is_no_segmentation(widths, labels):
    mask = torch.tensor([[True, True, True, False]])
    spans = SemiMarkov(torch.zeros(1, 4, 2, 2), mask=mask)
    segmentation = Segmentations(torch.tensor([widths]), torch.tensor([labels]))
    assert spans.score(segmentation).item() <= -1e30 and spans.log_prob(segmentation).item() < -1e29


ANSWERS = ["log_partition", "span_marginals", "outside_marginals", "entropy"]


@RANDOM
@given(inputs=random_span_batches)
def test_a_sentence_does_not_depend_on_its_batch(inputs):
    batch = inputs.spans()
    for row, length in enumerate(inputs.mask.sum(dim=1).tolist()):
        alone = SpanInputs(*(tensor[[row], :length] for tensor in inputs)).spans()
        for name in ANSWERS:
            expected, found = getattr(alone, name), getattr(batch, name)[[row]]
            close(found[:, :length] if expected.dim() > 1 else found, expected)
        best = alone.top_k(4)
        close(batch.top_k(4).scores[[row]], best.scores)
        together = batch.top_k(4).segmentations
        assert together.widths[row, :, :length].tolist() == best.segmentations.widths[0].tolist()
        assert together.labels[row, :, :length].tolist() == best.segmentations.labels[0].tolist()


def test_samples_follow_the_distribution():
    inputs = random_span_inputs([4, 2], max_width=3, num_labels=1, forbidden=0.2, scale=1.0)
    number = 5000
    drawn = inputs.spans().sample(number, torch.Generator().manual_seed(0))
    for row, sentence in enumerate(inputs.sentences()):
        counts = {segmentation: 0 for segmentation in sentence.scores}
        for rank in range(number):
            counts[read(drawn, row, rank)] += 1
        expected = [number * p for p in sentence.probabilities().values()]
        assert chisquare(list(counts.values()), expected).pvalue > 0.01


def test_samples_repeat_with_their_generator():
    spans = random_span_inputs([6, 3], 3, 2).spans()
    first, again, other = (spans.sample(9, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first.widths, again.widths) and torch.equal(first.labels, again.labels)
    assert not torch.equal(first.widths, other.widths)


# ---- a special case


def test_spans_of_one_token_are_independent_tokens():
    scores = torch.randn(2, 4, 1, 3, dtype=torch.float64)
    mask = torch.tensor([[True] * 4, [True] * 2 + [False] * 2])
    outside = torch.randn(2, 4, dtype=torch.float64)
    spans = SemiMarkov(scores, outside, mask)
    tokens = LinearChain(torch.cat([outside.unsqueeze(2), scores[:, :, 0]], dim=2), mask=mask)
    close(spans.log_partition, tokens.log_partition)
    close(spans.entropy, tokens.entropy)
    close(spans.span_marginals[:, :, 0], tokens.marginals[:, :, 1:])
    close(spans.top_k(5).scores, tokens.top_k(5).scores)


# ---- numerics


def parameters(inputs, dtype=torch.float64):
    return [scores.to(dtype).requires_grad_() for scores in inputs[:2]]


def weighted(tensor):
    """A scalar that looks at every possible entry differently."""
    weights = torch.linspace(0.5, 2.0, tensor.numel(), dtype=tensor.dtype).view_as(tensor)
    return torch.where(tensor > -1e20, tensor * weights, torch.zeros_like(tensor)).sum()


@pytest.mark.parametrize("name", [*ANSWERS, "log_span_marginals", "log_outside_marginals"])
def test_gradients(name):
    inputs = random_span_inputs([3, 1, 2], max_width=2, num_labels=2)
    finite = [torch.nan_to_num(scores, nan=0.5).requires_grad_() for scores in inputs[:2]]
    assert gradcheck(
        lambda *scores: weighted(getattr(SemiMarkov(*scores, inputs.mask), name)), finite
    )


@pytest.mark.parametrize("name", ["score", "log_prob"])
def test_gradients_of_segmentations(name):
    inputs = random_span_inputs([3, 1, 2], max_width=2, num_labels=2)
    finite = [torch.nan_to_num(scores, nan=0.5).requires_grad_() for scores in inputs[:2]]
    some = inputs.spans().top_k(3).segmentations
    assert gradcheck(
        lambda *scores: weighted(getattr(SemiMarkov(*scores, inputs.mask), name)(some)), finite
    )


def test_marginals_are_the_gradient_of_the_log_partition():
    inputs = random_span_inputs([5, 2, 1], max_width=3, num_labels=2, forbidden=0.2)
    scores = parameters(inputs)
    spans = SemiMarkov(*scores, inputs.mask)
    gradients = torch.autograd.grad(spans.log_partition.sum(), scores)
    close(gradients[0], spans.span_marginals.detach())
    close(gradients[1], spans.outside_marginals.detach())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*ANSWERS, "log_span_marginals", "log_outside_marginals"])
def test_gradients_are_finite_where_scores_are_forbidden(name, dtype):
    inputs = random_span_inputs([6, 1, 3], max_width=3, num_labels=2, forbidden=0.5, num_tokens=8)
    scores = parameters(inputs, dtype)
    answer = getattr(SemiMarkov(*scores, inputs.mask), name)
    assert torch.isfinite(answer).all()
    answer[answer > -1e20].sum().backward()
    for tensor in scores:
        assert torch.isfinite(tensor.grad).all()
        assert not tensor.grad[torch.isnan(tensor) | (tensor == -math.inf)].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    inputs = random_span_inputs([6, 3], 3, 2)
    half = SemiMarkov(inputs.span_scores.to(dtype), inputs.outside_scores.to(dtype), inputs.mask)
    rounded = (inputs.span_scores.to(dtype).float(), inputs.outside_scores.to(dtype).float())
    single = SemiMarkov(*rounded, inputs.mask)
    for name in ANSWERS:
        found = getattr(half, name)
        assert found.dtype == torch.float32 and torch.equal(found, getattr(single, name))
    assert torch.equal(half.top_k(3).scores, single.top_k(3).scores)
    assert half.top_k(3).scores.dtype == torch.float32


def test_double_precision_stays():
    spans = random_span_inputs([3], 2, 1).spans()
    answers = [getattr(spans, name) for name in ANSWERS] + [spans.top_k(2).scores]
    assert all(answer.dtype == torch.float64 for answer in answers)


def test_inputs_are_not_changed():
    inputs = random_span_inputs([3, 2], 3, 2, forbidden=0.3)
    copies = [tensor.clone() for tensor in inputs]
    spans = inputs.spans()
    spans.entropy, spans.top_k(5), spans.sample(3)
    for tensor, copy in zip(inputs, copies):
        assert torch.equal(torch.nan_to_num(tensor), torch.nan_to_num(copy))


def test_large_scores():
    inputs = random_span_inputs([5, 2], max_width=3, num_labels=2, scale=1e4)
    spans = inputs.spans(torch.float32)
    best = spans.top_k(3)
    for row, sentence in enumerate(inputs.sentences()):
        assert spans.log_partition[row].item() == pytest.approx(sentence.log_partition(), rel=1e-5)
        assert best.scores[row].tolist() == pytest.approx(sentence.top_k(3), rel=1e-5)
        # One segmentation has all the probability.
        close(spans.span_marginals[row, : sentence.num_tokens], sentence.span_marginals(), 1e-5)
    assert torch.isfinite(spans.entropy).all()


@pytest.mark.parametrize("scale", [1.0, 10.0, 1e4])
def test_long_sentences_in_single_precision(scale):
    inputs = random_span_inputs([2000, 700], max_width=4, num_labels=2, scale=scale, forbidden=0.1)
    inputs = SpanInputs(inputs.span_scores.float(), inputs.outside_scores.float(), inputs.mask)
    scores = parameters(inputs, torch.float32)
    single, double = SemiMarkov(*scores, inputs.mask), inputs.spans()
    close(single.log_partition, double.log_partition, 1e-6)
    for name in ("span_marginals", "outside_marginals"):
        torch.testing.assert_close(
            getattr(single, name).double(), getattr(double, name), atol=1e-5, rtol=0.0
        )
    torch.testing.assert_close(single.entropy.double(), double.entropy, atol=1e-3, rtol=1e-5)
    best, best_score = double.argmax()
    torch.testing.assert_close(single.argmax()[1].double(), best_score, atol=0.0, rtol=1e-6)
    torch.testing.assert_close(single.log_prob(best).double(), double.log_prob(best))
    single.log_partition.sum().backward()
    assert all(torch.isfinite(tensor.grad).all() for tensor in scores)


# ---- what is refused

REFUSED = {
    "flat": (
        dict(span_scores=torch.zeros(2, 3, 2)),
        "span_scores: expected a non-empty (batch_size, num_tokens, max_width, num_labels), got (2, 3, 2)",
    ),
    "no label": (
        dict(span_scores=torch.zeros(2, 3, 2, 0)),
        "span_scores: expected a non-empty (batch_size, num_tokens, max_width, num_labels), got (2, 3, 2, 0)",
    ),
    "outside": (
        dict(outside_scores=torch.zeros(2, 4)),
        "outside_scores: expected shape (2, 3), got (2, 4)",
    ),
    "mask": (
        dict(mask=torch.ones(2, 4, dtype=torch.bool)),
        "mask: expected shape (2, 3), got (2, 4)",
    ),
    "left padding": (
        dict(mask=torch.tensor([[True, True, True], [False, True, True]])),
        "mask: expected tokens first and padding last, and a token in every row",
    ),
    "a hole": (
        dict(mask=torch.tensor([[True, False, True], [True, True, True]])),
        "mask: expected tokens first and padding last, and a token in every row",
    ),
    "an empty sentence": (
        dict(mask=torch.tensor([[True, True, True], [False, False, False]])),
        "mask: expected tokens first and padding last, and a token in every row",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    wrong, message = REFUSED[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        SemiMarkov(**{"span_scores": torch.zeros(2, 3, 2, 2), **wrong})


def test_integer_masks_and_missing_arguments():
    scores = torch.randn(2, 3, 2, 2)
    plain = SemiMarkov(scores)
    full = SemiMarkov(scores, torch.zeros(2, 3), torch.ones(2, 3).long())
    assert torch.equal(plain.log_partition, full.log_partition) and full.mask.dtype == torch.bool
