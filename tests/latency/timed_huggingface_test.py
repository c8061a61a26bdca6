"""Token classifiers of transformers, beside the teacher that reads them otherwise."""

import os
import shutil

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.latency import TimedHuggingFace
from skd_plugin.latency.timed_huggingface import bytes_of_folder
from skd_plugin.teachers import HuggingFaceTeacher
from tests.runs import tiny_config

SENTENCES = [["anna", "in", "sofia"], ["it"], ["ivan", "and", "eva"], ["x"], ["few", "zoo", "quay"]]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tiny_transformer, tmp_path_factory):
    """A token classifier that reads 20 pieces."""
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("classifier")
    tokenizer = BertTokenizerFast(str(tiny_transformer / "vocab.txt"), do_lower_case=False)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    labels = {"id2label": {0: "O", 1: "B", 2: "I"}, "label2id": {"O": 0, "B": 1, "I": 2}}
    config = tiny_config(BertConfig, len(tokenizer), max_position_embeddings=20, **labels)
    model = BertForTokenClassification(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:  # biases would make all words alike
            torch.nn.init.normal_(parameter)
    model.save_pretrained(folder)
    return folder


def test_tags_are_those_of_the_teacher(folder):
    teacher = HuggingFaceTeacher(str(folder))
    teacher.load(CPU)
    best = teacher.distribution(SENTENCES).argmax()[0].tolist()
    timed = TimedHuggingFace.load(str(folder), CPU)
    found = timed.run(timed.prepare(SENTENCES))
    assert found == [
        [teacher.labels[tag] for tag in path[: len(words)]] for path, words in zip(best, SENTENCES)
    ]
    assert len({tag for tags in found for tag in tags}) > 1


def test_what_cannot_be_read_at_once_is_left_out(folder):
    timed = TimedHuggingFace.load(str(folder), CPU)
    found = timed.run(timed.prepare([["anna"] * 10, ["it"]]))
    assert list(map(len, found)) == [4, 1]  # 18 pieces, two of them special: four words of four


def test_a_tokenizer_that_does_not_know_words_is_refused(folder, monkeypatch):
    from transformers import BertTokenizerFast

    monkeypatch.setattr(BertTokenizerFast, "is_fast", False)
    message = f"^{folder}: its tokenizer does not say which piece is of which word; save it as a fast one$"
    with pytest.raises(ConfigurationError, match=message):
        TimedHuggingFace.load(str(folder), CPU)


def test_size(folder):
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(folder)
    size = TimedHuggingFace.load(str(folder), CPU).size
    assert size.parameters == sum(one.numel() for one in model.parameters())
    assert size.in_embeddings == 16 * (model.config.vocab_size + 20 + 2)
    assert size.bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_weights_are_counted_once(folder, tmp_path):
    copied = tmp_path / "copy"
    shutil.copytree(folder, copied)
    before = bytes_of_folder(str(copied))
    for name in ("pytorch_model.bin", "optimizer.pt"):
        (copied / name).write_bytes(b"0" * 1000)
    if os.path.exists(copied / "model.safetensors"):
        assert bytes_of_folder(str(copied)) == before
