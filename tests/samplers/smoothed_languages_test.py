"""What an epoch of batches holds, and that it is drawn as AllenNLP's samplers draw."""

import logging
import random
from collections import Counter

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Token, Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.fields import SequenceLabelField, TextField
from allennlp.data.samplers import BatchSampler
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.dataset_readers import UNLABELED, PlainTextReader, SemiSupervisedReader
from skd_plugin.samplers import SmoothedLanguagesSampler
from tests.dataset_readers.reading import SlashReader, write

LABELLED, UNLABELLED = True, False
GROUPS = st.dictionaries(
    st.tuples(st.booleans(), st.sampled_from(["de", "en", "fr"])), st.integers(1, 12), max_size=6
)
RATIOS = st.one_of(st.none(), st.floats(0, 3))


def instances_of(groups):
    """So many sentences of each (labelled?, language)."""
    reader = SlashReader()
    instances = []
    for (labelled, language), count in groups.items():
        for _ in range(count):
            instance = reader.text_to_instance(["a", "b"], ["X", "Y"], language)
            if not labelled:
                tags = SequenceLabelField([UNLABELED] * 2, instance["tokens"], "labels")
                instance.fields["tags"] = tags
            instances.append(instance)
    return instances


def group_of(instance):
    language = instance["metadata"]["language"]
    return instance["tags"].labels[0] != UNLABELED, language


def epoch_of(sampler, instances):
    """How often each sentence is drawn in an epoch."""
    return Counter(index for batch in sampler.get_batch_indices(instances) for index in batch)


def drawn(groups, **options):
    """How many draws of an epoch fall to each group."""
    instances = instances_of(groups)
    counts: Counter = Counter()
    for index, number in epoch_of(SmoothedLanguagesSampler(5, **options), instances).items():
        counts[group_of(instances[index])] += number
    return dict(counts)


@pytest.mark.parametrize(
    "groups, options, expected",
    [
        # Labelled 90 : 10 becomes 75 : 25 by the square root.
        (
            {(LABELLED, "en"): 90, (LABELLED, "de"): 10},
            {"exponent": 0.5},
            {(LABELLED, "en"): 75, (LABELLED, "de"): 25},
        ),
        # The same within unlabelled sentences, of which there are two for each of 20 labelled ones.
        (
            {(LABELLED, "en"): 20, (UNLABELLED, "en"): 900, (UNLABELLED, "de"): 100},
            {"exponent": 0.5, "unlabeled_ratio": 2},
            {(LABELLED, "en"): 20, (UNLABELLED, "en"): 30, (UNLABELLED, "de"): 10},
        ),
        # Each part has shares of its own: as many of "de" as of "en" are labelled, whatever is unlabelled.
        (
            {(LABELLED, "en"): 6, (LABELLED, "de"): 6, (UNLABELLED, "de"): 30},
            {"exponent": 0.0},
            {(LABELLED, "en"): 6, (LABELLED, "de"): 6, (UNLABELLED, "de"): 30},
        ),
        # 3.5 each, of which the first by name is rounded up, in whatever order they come.
        (
            {(LABELLED, "fr"): 4, (LABELLED, "de"): 3},
            {"exponent": 0.0},
            {(LABELLED, "fr"): 3, (LABELLED, "de"): 4},
        ),
        # 0.5 * 5 is rounded up.
        (
            {(LABELLED, "en"): 5, (UNLABELLED, "en"): 9},
            {"unlabeled_ratio": 0.5},
            {(LABELLED, "en"): 5, (UNLABELLED, "en"): 3},
        ),
        (
            {(LABELLED, "en"): 5, (UNLABELLED, "en"): 9},
            {"unlabeled_ratio": 0},
            {(LABELLED, "en"): 5},
        ),
        # A ratio to nothing: as many as there are.
        ({(UNLABELLED, "en"): 9}, {"unlabeled_ratio": 0.5}, {(UNLABELLED, "en"): 9}),
        ({(LABELLED, "en"): 9}, {"unlabeled_ratio": 0.5}, {(LABELLED, "en"): 9}),
        ({}, {"unlabeled_ratio": 0.5}, {}),
    ],
)
def test_quotas_by_hand(groups, options, expected):
    assert drawn(groups, **options) == expected


@given(GROUPS)
def test_with_the_defaults_every_sentence_comes_once(groups):
    instances = instances_of(groups)
    counts = epoch_of(SmoothedLanguagesSampler(4), instances)
    assert counts == Counter(range(len(instances)))


@given(GROUPS, st.floats(0, 1), RATIOS)
def test_parts_sum_and_sentences_of_a_group_come_evenly(groups, exponent, ratio):
    instances = instances_of(groups)
    sampler = SmoothedLanguagesSampler(4, exponent, ratio)
    counts = epoch_of(sampler, instances)
    totals = {part: 0 for part in (LABELLED, UNLABELLED)}
    per_group = {group: [] for group in groups}
    for index, instance in enumerate(instances):
        per_group[group_of(instance)].append(counts[index])
        totals[group_of(instance)[0]] += counts[index]
    assert all(max(numbers) - min(numbers) <= 1 for numbers in per_group.values())
    present = Counter(group_of(instance)[0] for instance in instances)
    assert totals[LABELLED] == present[LABELLED]
    if ratio is None or not present[LABELLED] or not present[UNLABELLED]:
        assert totals[UNLABELLED] == present[UNLABELLED]
    else:
        assert abs(totals[UNLABELLED] - ratio * present[LABELLED]) <= 0.5


@given(GROUPS, st.integers(1, 9), RATIOS, st.booleans())
def test_number_of_batches(groups, batch_size, ratio, drop_last):
    instances = instances_of(groups)
    sampler = SmoothedLanguagesSampler(batch_size, 0.7, ratio, drop_last)
    state = random.getstate()
    num_batches = sampler.get_num_batches(instances)
    assert random.getstate() == state
    batches = list(sampler.get_batch_indices(instances))
    assert len(batches) == num_batches
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert all(0 < len(batch) <= batch_size for batch in batches)
    assert not drop_last or all(len(batch) == batch_size for batch in batches)
    assert sampler.get_batch_size() == batch_size


def test_the_seed_rules_and_epochs_differ():
    instances = instances_of({(LABELLED, "en"): 30, (UNLABELLED, "de"): 40})
    sampler = SmoothedLanguagesSampler(8, 0.7, unlabeled_ratio=0.5)
    random.seed(1)
    one, two = (list(sampler.get_batch_indices(instances)) for _ in range(2))
    random.seed(1)
    assert list(sampler.get_batch_indices(instances)) == one
    assert one != two
    # Another half of the unlabelled sentences too, and not their order alone.
    assert {index for batch in one for index in batch} != {
        index for batch in two for index in batch
    }


def test_groups_are_shuffled_together():
    random.seed(0)
    instances = instances_of({(LABELLED, "en"): 100, (UNLABELLED, "de"): 100})
    for batch in SmoothedLanguagesSampler(50).get_batch_indices(instances):
        labelled = sum(group_of(instances[index])[0] for index in batch)
        assert 10 <= labelled <= 40


def test_sentences_of_like_length_come_together():
    random.seed(0)
    lengths = [random.randint(1, 60) for _ in range(200)]
    reader = SlashReader()
    instances = [reader.text_to_instance(["a"] * length, ["X"] * length) for length in lengths]

    def batches_of(noise, **options):
        sampler = SmoothedLanguagesSampler(10, padding_noise=noise, **options)
        batches = list(sampler.get_batch_indices(instances))
        assert len(batches) == sampler.get_num_batches(instances)
        assert sorted(index for batch in batches for index in batch) == list(range(len(instances)))
        return [[lengths[index] for index in batch] for batch in batches]

    def padded(batches):
        return sum(max(batch) * len(batch) for batch in batches)

    exactly = batches_of(0.0)
    assert padded(exactly) == padded(
        [sorted(lengths)[start : start + 10] for start in range(0, 200, 10)]
    )
    longest = [max(batch) for batch in exactly]
    assert longest != sorted(longest)  # the batches are shuffled
    assert padded(exactly) < padded(batches_of(0.1)) < 0.8 * padded(batches_of(None))

    sampler = SmoothedLanguagesSampler(30, drop_last=True, padding_noise=0.1)
    for _ in range(3):
        batches = list(sampler.get_batch_indices(instances))
        assert [len(batch) for batch in batches] == [30] * 6


def test_sentences_of_stock_readers():
    field = TextField([Token("a")])
    instances = [Instance({"tokens": field, "tags": SequenceLabelField(["X"], field)})] * 3
    assert epoch_of(SmoothedLanguagesSampler(2, 0.5), instances) == {0: 1, 1: 1, 2: 1}
    instances += instances_of({(LABELLED, "en"): 13})
    counts = epoch_of(SmoothedLanguagesSampler(2, 0.0), instances)
    assert sum(counts[index] for index in range(3)) == 8 and sum(counts.values()) == 16


def test_a_ratio_without_effect_is_told_once(caplog):
    sampler = SmoothedLanguagesSampler(4, unlabeled_ratio=2)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            epoch_of(sampler, instances_of({(LABELLED, "en"): 3}))
    assert [record.getMessage() for record in caplog.records] == [
        "smoothed_languages: unlabeled_ratio has no effect on 3 labelled and 0 unlabelled sentences"
    ]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 0}, "batch_size: expected 1 or more, got 0"),
        ({"exponent": 1.5}, "exponent: expected 0 to 1, got 1.5"),
        ({"exponent": -0.1}, "exponent: expected 0 to 1, got -0.1"),
        ({"padding_noise": 1.0}, "padding_noise: expected 0 or more and less than 1, got 1.0"),
        ({"padding_noise": -0.1}, "padding_noise: expected 0 or more and less than 1, got -0.1"),
        ({"unlabeled_ratio": -1.0}, "unlabeled_ratio: expected 0 or more, got -1.0"),
        ({"unlabeled_ratio": float("inf")}, "unlabeled_ratio: expected 0 or more, got inf"),
    ],
)
def test_bad_options(options, message):
    params = Params({"type": "smoothed_languages", "batch_size": 4, **options})
    with pytest.raises(ConfigurationError) as caught:
        BatchSampler.from_params(params)
    assert str(caught.value) == message


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("interleave", [True, False])
def test_streaming(tmp_path, interleave, num_workers):
    """Chunks of sixteen, of 32 labelled and 64 unlabelled sentences: with `interleave` each has both."""
    paths = {
        language: write(tmp_path, "a/X\n" * 16, f"{language}.tags") for language in ("de", "en")
    }
    text = {language: write(tmp_path, "b\n" * 32, f"{language}.txt") for language in ("de", "en")}
    reader = SemiSupervisedReader(SlashReader(), PlainTextReader(), interleave=interleave)
    sampler = SmoothedLanguagesSampler(8, 0.7, unlabeled_ratio=1)
    loader = MultiProcessDataLoader(
        reader,
        {"labeled": paths, "unlabeled": text},
        batch_sampler=sampler,
        max_instances_in_memory=16,
        num_workers=num_workers,
    )
    loader.index_with(Vocabulary({"tokens": {"a": 1, "b": 1}, "labels": {"X": 1}}))
    for _ in range(2):
        kinds = Counter()
        for batch in loader:
            for tag, metadata in zip(batch["tags"][:, 0].tolist(), batch["metadata"]):
                kinds[tag != UNLABELED, metadata["language"]] += 1
        if interleave:
            # As many unlabelled as labelled ones, and the languages alike, as in the whole.
            assert sum(kinds.values()) == 64
            assert set(kinds.values()) == {16}
        else:
            # Chunks of one kind alone, in which the ratio has no effect.
            assert sum(kinds.values()) == 96
