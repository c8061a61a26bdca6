"""Batches of one pair of languages."""

import re
from collections import Counter

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.dataset_readers import ParallelTextReader
from skd_plugin.samplers import LanguagePairsSampler


def pairs(**sizes):
    reader = ParallelTextReader()
    return [
        reader.text_to_instance(f"{language} {number}", "x", language)
        for language, size in sizes.items()
        for number in range(size)
    ]


def batches(sampler, instances):
    """The indices, and the language of each batch."""
    found = list(sampler.get_batch_indices(instances))
    assert len(found) == sampler.get_num_batches(instances)
    languages = []
    for batch in found:
        (language,) = {instances[index]["metadata"]["language"] for index in batch}
        languages.append(language)
    return found, languages


def test_each_batch_is_of_one_language_and_all_pairs_come_once():
    instances = pairs(de=9, fr=20, ru=1)
    found, languages = batches(LanguagePairsSampler(8, exponent=1), instances)
    assert sorted(index for batch in found for index in batch) == list(range(30))
    assert Counter(languages) == {"de": 2, "fr": 3, "ru": 1}
    assert sorted(map(len, found)) == [1, 4, 5, 6, 7, 7]


@pytest.mark.parametrize(
    "exponent, expected", [(0, {"de": 50, "fr": 50}), (0.5, {"de": 75, "fr": 25})]
)
def test_shares_are_smoothed(exponent, expected):
    instances = pairs(de=90, fr=10)
    found, languages = batches(LanguagePairsSampler(4, exponent), instances)
    drawn = Counter()
    for batch, language in zip(found, languages):
        drawn[language] += len(batch)
    assert drawn == expected
    of_fr = Counter(i for batch in found for i in batch if i >= 90)
    assert set(of_fr.values()) <= {expected["fr"] // 10, expected["fr"] // 10 + 1}


def test_other_pairs_and_another_order_each_epoch():
    instances, sampler = pairs(de=90, fr=10), LanguagePairsSampler(4, 0.5)
    assert batches(sampler, instances)[0] != batches(sampler, instances)[0]
    assert sampler.get_batch_size() == 4


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 0}, "batch_size: expected 1 or more, got 0"),
        ({"batch_size": 1, "exponent": 2}, "exponent: expected 0 to 1, got 2"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        LanguagePairsSampler(**options)
