"""What a store lacks is asked for, once, in bounded memory."""

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from filelock import FileLock

from skd_plugin.commands.shard import Shard
from skd_plugin.dataset_readers import sentence_key
from skd_plugin.knowledge import KnowledgeRequest, LmdbKnowledgeStore, MemoryKnowledgeStore
from skd_plugin.structures import LinearChain
from skd_plugin.teachers import Asking, Ensemble, Question, Teacher, asking
from skd_plugin.teachers.asking import owner_of

POSTERIORS = KnowledgeRequest(frozenset(["posteriors"]))
PATHS = KnowledgeRequest(frozenset(["paths"]), 3)


class LengthTeacher(Teacher):
    """Its scores are the lengths of words; notes which sentences it read, and in which batches."""

    labels = ["A", "B", "C"]

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.loaded = 0
        self.batches = []

    @property
    def fingerprint(self):
        return self.name

    def load(self, device):
        self.loaded += 1

    def distribution(self, sentences):
        self.batches.append([" ".join(words) for words in sentences])
        num_tokens = max(map(len, sentences))
        emissions = torch.zeros(len(sentences), num_tokens, 3)
        mask = torch.zeros(len(sentences), num_tokens, dtype=torch.bool)
        for row, words in enumerate(sentences):
            for token, word in enumerate(words):
                emissions[row, token] = torch.tensor([len(word), 1.0, token])
                mask[row, token] = True
        return LinearChain(emissions, mask=mask)

    @property
    def read(self):
        return [sentence for batch in self.batches for sentence in batch]


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    store = MemoryKnowledgeStore() if request.param == "memory" else LmdbKnowledgeStore(tmp_path)
    store.open("")
    yield store
    store.close()


def questions(language, texts):
    return [
        Question(language, sentence_key(text.split(), language), text.split()) for text in texts
    ]


def texts(number, seed=0):
    random = np.random.default_rng(seed)
    return [
        " ".join("x" * int(length) for length in random.integers(1, 9, random.integers(1, 12)))
        + f" {index}"
        for index in range(number)
    ]


def ask(store, teachers, sentences, request=POSTERIORS, **options):
    ensembles = {language: Ensemble([teacher]) for language, teacher in teachers.items()}
    Asking(store, ensembles, request, torch.device("cpu"), is_quiet=True, **options)(sentences)


def known(store, teacher, sentences, request):
    source = Ensemble([teacher]).fingerprint
    return store.read(source, [sentence.key for sentence in sentences], request)


def test_every_sentence_is_asked_once_and_answered(store):
    en, ru = LengthTeacher("en"), LengthTeacher("ru")
    of_en, of_ru = questions("en", texts(50)), questions("ru", texts(30, seed=1))
    mixed = [one for pair in zip(of_en, of_ru) for one in pair] + of_en[30:] + of_en[:7]
    ask(store, {"en": en, "ru": ru}, iter(mixed))
    assert sorted(en.read) == sorted(texts(50)) and sorted(ru.read) == sorted(texts(30, seed=1))
    for teacher, sentences in ((en, of_en), (ru, of_ru)):
        for sentence, found in zip(sentences, known(store, teacher, sentences, POSTERIORS)):
            expected = teacher.distribution([sentence.words]).log_marginals[0]
            np.testing.assert_allclose(found.log_posteriors, expected, rtol=2**-10, atol=1e-4)


def test_a_full_store_loads_no_teacher(store):
    teacher, sentences = LengthTeacher("en"), questions("en", texts(5))
    for _ in range(2):
        ask(store, {"en": teacher}, sentences)
    assert teacher.loaded == 1 and len(teacher.read) == 5


def test_only_the_fields_that_lack_are_asked_for(store, monkeypatch):
    teacher, sentences = LengthTeacher("en"), questions("en", texts(6))
    ask(store, {"en": teacher}, sentences[:4])
    requests = {}
    teach = Ensemble.teach

    def spy(self, words, request):
        requests.update({" ".join(one): request for one in words})
        return teach(self, words, request)

    monkeypatch.setattr(Ensemble, "teach", spy)
    ask(store, {"en": teacher}, sentences, POSTERIORS | PATHS)
    for index, sentence in enumerate(sentences):
        expected = PATHS if index < 4 else POSTERIORS | PATHS
        assert requests[" ".join(sentence.words)] == expected
    assert None not in known(store, teacher, sentences, POSTERIORS | PATHS)
    requests.clear()
    ask(store, {"en": teacher}, sentences, KnowledgeRequest(frozenset(["paths"]), 2))
    assert not requests
    ask(store, {"en": teacher}, sentences, KnowledgeRequest(frozenset(["paths"]), 4))
    assert len(requests) == 6


def test_batches_hold_so_many_tokens_with_padding_the_longest_first(store):
    teacher = LengthTeacher("en")
    ask(store, {"en": teacher}, questions("en", texts(100)), tokens_per_batch=24)
    lengths = [[len(sentence.split()) for sentence in batch] for batch in teacher.batches]
    assert all(len(batch) * max(batch) <= 24 for batch in lengths)
    assert [length for batch in lengths for length in batch] == sorted(
        (len(text.split()) for text in texts(100)), reverse=True
    )
    # Nothing more would have gone into a batch.
    assert all((len(batch) + 1) * batch[0] > 24 for batch in lengths[:-1])


def test_a_sentence_longer_than_a_batch_is_one(store):
    teacher = LengthTeacher("en")
    ask(store, {"en": teacher}, questions("en", ["w " * 30, "a b"]), tokens_per_batch=10)
    assert [len(batch) for batch in teacher.batches] == [1, 1]


def test_windows_and_duplicates_between_them(store, monkeypatch):
    monkeypatch.setattr(asking, "TOKENS_IN_WINDOW", 20)
    teacher = LengthTeacher("en")
    ask(store, {"en": teacher}, questions("en", texts(40) + texts(1100) + texts(40)))
    assert sorted(teacher.read) == sorted(texts(1100))


def test_what_was_written_before_an_interruption_is_not_asked_again(store, monkeypatch):
    monkeypatch.setattr(asking, "BYTES_IN_WRITE", 1)
    teacher, sentences = LengthTeacher("en"), questions("en", texts(60))
    teach, calls = Ensemble.teach, []

    def interrupt(self, words, request):
        calls.append(words)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return teach(self, words, request)

    monkeypatch.setattr(Ensemble, "teach", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(store, {"en": teacher}, sentences, tokens_per_batch=40)
    before = len(teacher.read)
    assert 0 < before < 60
    monkeypatch.setattr(Ensemble, "teach", teach)
    ask(store, {"en": teacher}, sentences, tokens_per_batch=40)
    assert len(teacher.read) == 60 and len(set(teacher.read)) == 60


def test_labels_are_checked_before_anything_is_asked(store):
    teacher = LengthTeacher("en")

    def refuse(language, labels):
        raise ConfigurationError(f"{language}: {labels}")

    with pytest.raises(ConfigurationError, match=r"en: \['A', 'B', 'C'\]"):
        ask(store, {"en": teacher}, questions("en", texts(3)), check_labels=refuse)
    assert not teacher.batches


def test_processes_divide_what_a_shard_has_left():
    keys = [sentence.key for sentence in questions("en", texts(1000))]
    left = [key for key in keys if Shard(1, 2).has(key)]
    of_first = sum(owner_of(key, 2) == 0 for key in left)
    assert 0.4 < len(left) / 1000 < 0.6 and 0.4 < of_first / len(left) < 0.6


def test_nothing_is_left_beside_the_store(tmp_path):
    store = LmdbKnowledgeStore(tmp_path)
    store.open("")
    folders = [tmp_path / "asking-of-a-killed-run", tmp_path / "asking-of-a-run-beside"]
    for folder in folders:
        folder.mkdir()
        (folder / "lock").touch()
    _, mine = folders
    with FileLock(str(mine / "lock")):
        ask(store, {"en": LengthTeacher("en")}, questions("en", texts(3)))
    store.close()
    assert {path.name for path in tmp_path.iterdir()} == {"data.mdb", "lock.mdb", mine.name}
