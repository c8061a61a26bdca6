"""A sample of what a store has, beside what the live teachers say now."""

import hashlib
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

import torch
from allennlp.common.util import lazy_groups_of

from skd_plugin.commands.text import table
from skd_plugin.commands.training import TaughtTraining, describe
from skd_plugin.knowledge import Knowledge, KnowledgeStore
from skd_plugin.knowledge.comparison import UNITS, differences, same_paths
from skd_plugin.teachers import Ensemble

TOLERANCE = 0.01
"""Half precision moves a probability by less than 0.0002; the rest is for other devices and for teachers with AMP."""
SENTENCES_AT_ONCE = 32

Sample = Dict[str, List[str]]  # words by key


class Comparison(NamedTuple):
    """How many sentences of a language were compared, how many have the same paths, and how far fields are apart."""

    sentences: int
    same_paths: int
    differences: Dict[str, float]


def compare_with_teachers(
    store: KnowledgeStore,
    training: TaughtTraining,
    device: torch.device,
    size: int,
    seed: int,
    tolerance: float,
) -> bool:
    """
    Prints how far stored and live knowledge are apart, language by language.

    # Parameters

    device : `torch.device`
        Where the teachers run.
    size : `int`
        Of how many sentences a language at most.
    seed : `int`
        Which sentences are drawn.
    tolerance : `float`
        See `UNITS`.

    # Returns

    Whether every language could be compared and is within the tolerance.
    """
    print(f"Asking the teachers again for {describe(training.request)}, on {device}")
    found: Dict[str, Comparison] = {}
    wrong = []
    for language, sample in _samples(store, training, size, seed).items():
        ensemble = training.ensembles[language]
        source = ensemble.fingerprint
        if not sample:
            wrong.append(
                f'"{language}": nothing to compare. The store has all of this from these teachers (source {source}) '
                "for none of the training sentences: they were not asked, or have changed"
            )
            continue
        ensemble.load(device)
        stored_labels, labels = store.labels(source), ensemble.labels
        if stored_labels == labels:
            found[language] = _compare(store, ensemble, training, sample)
        else:
            wrong.append(
                f'"{language}": the labels are stored as {", ".join(stored_labels or [])}; the teachers have '
                f'{", ".join(labels)}'
            )
        ensemble.release()
    if found:
        print(_table(found))
    wrong += _beyond(found, tolerance)
    print("\n".join(wrong) if wrong else f"All is within the tolerance of {tolerance:g}.")
    return not wrong


def _samples(
    store: KnowledgeStore, training: TaughtTraining, size: int, seed: int
) -> Dict[str, Sample]:
    """Of each language the sentences with the smallest hashes: a fair draw, whatever their order and repetitions."""
    samples: Dict[str, Sample] = {language: {} for language in training.ensembles}
    for questions in lazy_groups_of(training.questions(), 1024):
        for language, sample in samples.items():
            words = {one.key: one.words for one in questions if one.language == language}
            if not words:
                continue
            source = training.ensembles[language].fingerprint
            missing = store.missing(source, list(words), training.request)
            sample.update((key, words[key]) for key in words if key not in missing)
            best = sorted(sample, key=lambda key: _hash(key, seed))[:size]
            samples[language] = {key: sample[key] for key in best}
    return samples


def _compare(
    store: KnowledgeStore, ensemble: Ensemble, training: TaughtTraining, sample: Sample
) -> Comparison:
    request, num_paths = training.request, training.request.num_paths
    largest: Dict[str, float] = {}
    num_same = 0
    # Sentences of like length together.
    sentences = sorted(sample.items(), key=lambda item: len(item[1]))
    for start in range(0, len(sentences), SENTENCES_AT_ONCE):
        keys, words = zip(*sentences[start : start + SENTENCES_AT_ONCE])
        stored = store.read(ensemble.fingerprint, keys, request)
        for old, new in _pairs(stored, ensemble.teach(words, request)):
            for field, difference in differences(old, new, num_paths).items():
                largest[field] = max(largest.get(field, 0.0), difference)
            num_same += bool(num_paths) and same_paths(old, new, num_paths)
    return Comparison(len(sentences), num_same, largest)


def _pairs(
    stored: Sequence[object], live: Sequence[Knowledge]
) -> Iterator[Tuple[Knowledge, Knowledge]]:
    for old, new in zip(stored, live):
        assert isinstance(old, Knowledge)  # it was not missing
        yield old, new


def _table(found: Dict[str, Comparison]) -> str:
    fields = list(next(iter(found.values())).differences)
    has_paths = "paths" in fields
    head = ["language", "sentences", *(["same paths"] if has_paths else [])]
    rows = [[*head, *(f"{field.replace('_', ' ')} ({UNITS[field]})" for field in fields)]]
    for language, one in found.items():
        same = [f"{one.same_paths:,}"] if has_paths else []
        apart = [f"{one.differences[field]:.2g}" for field in fields]
        rows.append([language, f"{one.sentences:,}", *same, *apart])
    return "The largest differences:\n" + table(rows)


def _beyond(found: Dict[str, Comparison], tolerance: float) -> List[str]:
    return [
        f'"{language}": {field.replace("_", " ")} differ by {difference:.2g} {UNITS[field]}; '
        f"the tolerance is {tolerance:g}"
        for language, one in found.items()
        for field, difference in one.differences.items()
        if not difference <= tolerance
    ]


def _hash(key: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {key}".encode(), digest_size=16).digest()
