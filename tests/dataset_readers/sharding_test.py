"""Limits, worker processes and distributed training: every sentence once."""

from unittest import mock

import pytest
from allennlp.data import Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.data_loaders.multiprocess_data_loader import WorkerError

from skd_plugin.dataset_readers import JsonlTaggingReader
from tests.dataset_readers.reading import SlashReader, words_of, write


def test_limits(two_files):
    assert words_of(SlashReader(max_instances=7).read(two_files)) == [
        *("s0", "s1", "s2", "s3", "s4", "t0", "t1")
    ]
    per_file = SlashReader(max_sentences_per_file=2)
    assert words_of(per_file.read(two_files)) == ["s0", "s1", "t0", "t1"]
    both = SlashReader(max_sentences_per_file=2, max_instances=3)
    assert words_of(both.read(two_files)) == ["s0", "s1", "t0"]


@pytest.mark.parametrize("limit, expected", [(None, 9), (7, 7), (1, 1)])
def test_two_workers_give_every_sentence_once(two_files, limit, expected):
    loader = MultiProcessDataLoader(
        SlashReader(max_instances=limit), two_files, batch_size=2, num_workers=2
    )
    loader.index_with(Vocabulary.from_instances(SlashReader().read(two_files)))
    words = [metadata["words"][0] for batch in loader for metadata in batch["metadata"]]
    everything = words_of(SlashReader().read(two_files))
    assert sorted(words) == sorted(everything[:expected])


def test_two_workers_stream(two_files):
    loader = MultiProcessDataLoader(
        SlashReader(), two_files, batch_size=2, num_workers=2, max_instances_in_memory=2
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
        with mock.patch("allennlp.common.util.is_distributed", return_value=True), mock.patch(
            "torch.distributed.get_rank", return_value=rank
        ), mock.patch("torch.distributed.get_world_size", return_value=2):
            words.append(words_of(SlashReader(max_instances=limit).read(two_files)))
    assert [len(part) for part in words] == expected
    everything = words_of(SlashReader().read(two_files))
    assert sorted(words[0] + words[1]) == sorted(everything[:limit])


def test_what_another_shard_reads_costs_no_instance(two_files):
    reader = SlashReader()
    with mock.patch("allennlp.common.util.is_distributed", return_value=True), mock.patch(
        "torch.distributed.get_rank", return_value=1
    ), mock.patch("torch.distributed.get_world_size", return_value=3), mock.patch.object(
        reader, "text_to_instance", wraps=reader.text_to_instance
    ) as make:
        assert words_of(reader.read(two_files)) == ["s1", "s4", "t2"]
    assert make.call_count == 3
