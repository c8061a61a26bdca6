"""Limits, worker processes and distributed training: every sentence once."""

import itertools
from contextlib import contextmanager
from unittest import mock

import pytest
from allennlp.data import Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.data_loaders.multiprocess_data_loader import WorkerError
from allennlp.data.dataset_readers.dataset_reader import WorkerInfo

from skd_plugin.dataset_readers import UNLABELED, JsonlTaggingReader, SemiSupervisedReader
from tests.dataset_readers.reading import SlashReader, words_of, write


def test_limits(two_files):
    assert words_of(SlashReader(max_instances=7).read(two_files)) == [
        *("s0", "s1", "s2", "s3", "s4", "t0", "t1")
    ]
    per_file = SlashReader(max_sentences_per_file=2)
    assert words_of(per_file.read(two_files)) == ["s0", "s1", "t0", "t1"]
    both = SlashReader(max_sentences_per_file=2, max_instances=3)
    assert words_of(both.read(two_files)) == ["s0", "s1", "t0"]
    rest = SlashReader(skip_sentences_per_file=2)
    assert words_of(rest.read(two_files)) == ["s2", "s3", "s4", "t2", "t3"]
    window = SlashReader(skip_sentences_per_file=1, max_sentences_per_file=2)
    assert words_of(window.read(two_files)) == ["s1", "s2", "t1", "t2"]


@contextmanager
def distributed(rank, world_size):
    """As if this were one of several processes."""
    with mock.patch("allennlp.common.util.is_distributed", return_value=True), mock.patch(
        "torch.distributed.get_rank", return_value=rank
    ), mock.patch("torch.distributed.get_world_size", return_value=world_size):
        yield


@pytest.mark.parametrize("interleave", [False, True])
@pytest.mark.parametrize("limit, expected", [(None, 9), (7, 7), (1, 1)])
def test_two_workers_give_every_sentence_once(two_files, limit, expected, interleave):
    reader = SlashReader(max_instances=limit, interleave=interleave)
    loader = MultiProcessDataLoader(reader, two_files, batch_size=2, num_workers=2)
    loader.index_with(Vocabulary.from_instances(SlashReader().read(two_files)))
    words = [metadata["words"][0] for batch in loader for metadata in batch["metadata"]]
    everything = words_of(SlashReader().read(two_files))
    if interleave:  # the limit cuts another order
        assert len(words) == len(set(words)) == expected and set(words) <= set(everything)
    else:
        assert sorted(words) == sorted(everything[:expected])


@pytest.mark.parametrize("interleave", [False, True])
def test_two_workers_stream(two_files, interleave):
    reader = SlashReader(interleave=interleave)
    loader = MultiProcessDataLoader(
        reader, two_files, batch_size=2, num_workers=2, max_instances_in_memory=2
    )
    loader.index_with(Vocabulary.from_instances(SlashReader().read(two_files)))
    words = [metadata["words"][0] for batch in loader for metadata in batch["metadata"]]
    assert sorted(words) == sorted(words_of(SlashReader().read(two_files)))


def test_the_message_of_a_worker_says_file_and_line(tmp_path):
    path = write(tmp_path, '{"tokens": ["a"]}\n{"tokens": []}\n')
    with pytest.raises(WorkerError, match="line 2: found tokens \\[\\]; expected a list of words"):
        MultiProcessDataLoader(JsonlTaggingReader(), path, batch_size=1, num_workers=2)


@pytest.mark.parametrize("limit, expected", [(None, [5, 4]), (7, [4, 3]), (1, [1, 0])])
def test_two_processes_give_every_sentence_once(two_files, limit, expected):
    words = []
    for rank in (0, 1):
        with distributed(rank, 2):
            words.append(words_of(SlashReader(max_instances=limit).read(two_files)))
    assert [len(part) for part in words] == expected
    everything = words_of(SlashReader().read(two_files))
    assert sorted(words[0] + words[1]) == sorted(everything[:limit])


def test_what_another_shard_reads_costs_no_instance(two_files):
    for interleave, expected in [(False, ["s1", "s4", "t2"]), (True, ["s1", "t2", "s4"])]:
        reader = SlashReader(interleave=interleave)
        with distributed(1, 3), mock.patch.object(
            reader, "text_to_instance", wraps=reader.text_to_instance
        ) as make:
            assert words_of(reader.read(two_files)) == expected
        assert make.call_count == 3


@pytest.mark.parametrize("limit, expected", [(None, [5, 4]), (7, [4, 3]), (1, [1, 0])])
def test_two_processes_interleave(two_files, limit, expected):
    words = []
    for rank in (0, 1):
        with distributed(rank, 2):
            reader = SlashReader(max_instances=limit, interleave=True)
            words.append(words_of(reader.read(two_files)))
    assert [len(part) for part in words] == expected
    assert len(set(words[0] + words[1])) == sum(expected)
    if limit is None:
        assert words == [["s0", "t1", "s2", "t3", "s4"], ["s1", "t0", "s3", "t2"]]


def test_workers_of_two_processes_interleave(two_files):
    """Four of them give every sentence once, as they do without `interleave`."""
    shares = {False: [], True: []}
    for interleave, of_all in shares.items():
        for rank, worker in itertools.product((0, 1), (0, 1)):
            with distributed(rank, 2):
                reader = SlashReader(interleave=interleave)
                reader._set_worker_info(WorkerInfo(2, worker))
                of_all.append(sorted(words_of(reader.read(two_files))))
    assert shares[True] == shares[False]
    everything = words_of(SlashReader().read(two_files))
    assert sorted(sum(shares[True], [])) == sorted(everything)


def test_each_process_has_labelled_and_unlabelled_sentences_of_every_language(two_files):
    reader = SemiSupervisedReader(SlashReader(max_sentences_per_file=4), interleave=True)
    words = []
    for rank in (0, 1):
        with distributed(rank, 2):
            instances = list(reader.read({"labeled": two_files, "unlabeled": two_files}))
        words.append(words_of(instances))
        kinds = [
            (instance["tags"].labels[0] != UNLABELED, instance["metadata"]["language"])
            for instance in instances
        ]
        assert sorted(kinds[:4]) == sorted(kinds[4:])
        assert len(set(kinds)) == 4
    assert sorted(words[0] + words[1]) == sorted(words_of(reader.read(two_files)) * 2)
