"""Accuracy and span F1 per language and macro, against seqeval and by hand."""

import random

import pytest
import seqeval.metrics
import torch.distributed as dist
import torch.multiprocessing as mp
from allennlp.common.checks import ConfigurationError

from skd_plugin.metrics import SpanF1, TagAccuracy

PREFIXES = {"BIO": "BI", "IOB1": "BI", "BIOUL": "BILU", "BMES": "BMES"}
# seqeval reads the prefixes of BIOES.
AS_BIOES = {"BIOUL": {"L": "E", "U": "S"}, "BMES": {"M": "I"}}


def random_tags(generator, encoding, num_tokens):
    """Possible or not, as a tagger without constraints may give them."""
    tags = [
        "O",
        *[f"{prefix}-{label}" for prefix in PREFIXES[encoding] for label in ("LOC", "PER")],
    ]
    return [generator.choice(tags) for _ in range(num_tokens)]


def for_seqeval(tags, encoding):
    prefixes = AS_BIOES.get(encoding, {})
    return [prefixes.get(tag[0], tag[0]) + tag[1:] for tag in tags]


def random_sentences(generator, encoding, number):
    """Pairs of predicted and gold tags, of which some agree."""
    for _ in range(number):
        gold = random_tags(generator, encoding, generator.randint(1, 8))
        guess = random_tags(generator, encoding, len(gold))
        yield [generator.choice(pair) for pair in zip(gold, guess)], gold


@pytest.mark.parametrize("encoding", PREFIXES)
@pytest.mark.parametrize("seed", range(5))
def test_spans_are_counted_as_seqeval_counts_them(encoding, seed):
    generator, metric = random.Random(seed), SpanF1(encoding)
    expected, f1 = {}, []
    for language in ("de", "en", "ru"):
        sentences = list(random_sentences(generator, encoding, 30))
        for predicted, gold in sentences:
            metric(language, predicted, gold)
        predictions, golds = (
            [for_seqeval(tags, encoding) for tags in side] for side in zip(*sentences)
        )
        for name in ("precision", "recall", "f1"):
            score = getattr(seqeval.metrics, f"{name}_score")
            expected[f"_{language}_{name}"] = score(
                golds, predictions, average="micro", zero_division=0
            )
        f1.append(expected[f"_{language}_f1"])
    found = metric.get_metric()
    assert 0 < found["macro_f1"] < 1
    assert found["macro_f1"] == pytest.approx(sum(f1) / 3)
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert set(found) == {*expected, "macro_f1", "macro_precision", "macro_recall"}


def test_spans_by_hand():
    metric = SpanF1("BIO")
    metric("en", ["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "I-PER", "O", "B-ORG"])
    metric("en", ["O", "O"], ["B-LOC", "O"])
    metric("ru", ["B-LOC"], ["B-LOC"])
    assert metric.get_metric() == pytest.approx(
        {
            "_en_precision": 1 / 2,
            "_en_recall": 1 / 3,
            "_en_f1": 2 / 5,
            "_ru_precision": 1.0,
            "_ru_recall": 1.0,
            "_ru_f1": 1.0,
            "macro_precision": 3 / 4,
            "macro_recall": 2 / 3,
            "macro_f1": 7 / 10,
        }
    )


def test_accuracy_by_hand():
    metric = TagAccuracy()
    metric("en", ["NOUN", "VERB", "X"], ["NOUN", "VERB", "NOUN"])
    metric("en", ["X"], ["NOUN"])
    metric("zh", ["X"], ["X"])
    # Macro over languages: the second counts as much as the first, which has four times its tokens.
    expected = {"_en_accuracy": 0.5, "_zh_accuracy": 1.0, "macro_accuracy": 0.75}
    assert metric.get_metric() == pytest.approx(expected)


@pytest.mark.parametrize("metric", [TagAccuracy(), SpanF1("BIO")], ids=["accuracy", "spans"])
def test_reset_and_empty(metric):
    assert metric.get_metric() == {} and metric.get_metric(reset=True) == {}
    metric("en", ["O"], ["O"])
    once = metric.get_metric()
    assert once and metric.get_metric(reset=True) == once
    assert metric.get_metric() == {}
    metric("ru", ["O"], ["O"])
    metric.reset()
    assert metric.get_metric(reset=True) == {}


def test_a_language_without_spans_has_zeros():
    metric = SpanF1("BIO")
    metric("en", ["O", "O"], ["O", "O"])
    assert set(metric.get_metric().values()) == {0.0}


def test_values_are_plain_numbers():
    metric = SpanF1("BIO")
    metric("en", ["B-X"], ["B-X"])
    assert all(type(value) is float for value in metric.get_metric().values())


def test_tags_of_unequal_number():
    with pytest.raises(ValueError, match="got 1 predicted tags and 2 gold ones"):
        TagAccuracy()("en", ["X"], ["X", "X"])


def test_unknown_encoding():
    with pytest.raises(ConfigurationError, match='unknown encoding of tags "BOO"'):
        SpanF1("BOO")("en", ["B-X"], ["B-X"])


SHARES = [
    [("en", ["B-X", "O"], ["B-X", "B-X"]), ("ru", ["B-X"], ["B-X"])],
    [("en", ["B-X", "B-X"], ["B-X", "O"]), ("en", ["O"], ["B-X"]), ("zh", ["B-Y"], ["B-X"])],
]


def count_a_share(rank, address, folder):
    dist.init_process_group("gloo", init_method=address, world_size=2, rank=rank)
    metric = SpanF1("BIO")
    for language, predicted, gold in SHARES[rank]:
        metric(language, predicted, gold)
    during, at_end, after = (
        metric.get_metric(),
        metric.get_metric(reset=True),
        metric.get_metric(reset=True),
    )
    (folder / f"{rank}.txt").write_text(repr([during, at_end, after]))
    dist.destroy_process_group()


def test_counts_are_summed_over_processes(tmp_path):
    """Also where one process alone saw a language."""
    mp.spawn(count_a_share, args=(f"file://{tmp_path}/meeting", tmp_path), nprocs=2)
    found = [eval((tmp_path / f"{rank}.txt").read_text()) for rank in range(2)]
    alone, together = SpanF1("BIO"), SpanF1("BIO")
    for rank, share in enumerate(SHARES):
        for sentence in share:
            together(*sentence)
            alone(*sentence)
        # Between the ends of epochs each process shows its own.
        assert found[rank][0] == alone.get_metric(reset=True)
    assert found[0][1] == found[1][1] == together.get_metric()
    assert {"_en_f1", "_ru_f1", "_zh_f1"} <= set(found[0][1])
    assert found[0][1]["_en_f1"] == pytest.approx(2 * 2 / (3 + 4))
    assert found[0][2] == found[1][2] == {}
