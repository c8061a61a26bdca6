"""Embeddings of sentences by a transformer."""

import re
import shutil

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import MemoryKnowledgeStore
from skd_plugin.teachers import Asking, HuggingFaceEncoder, Question, SentenceTeacher

CPU = torch.device("cpu")
TEXTS = ["anna moved to sofia", "in may"]


def loaded(folder, **options):
    teacher = SentenceTeacher.from_params(Params({"model_name": str(folder), **options}))
    teacher.load(CPU)
    return teacher


def states_of(folder, text):
    """The last states, each sentence by itself; shape (num_pieces, dim)."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        model = AutoModel.from_pretrained(folder).eval()
        return model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_padding_does_not_count(tiny_transformer, pooling):
    found = loaded(tiny_transformer, pooling=pooling).embed(TEXTS)
    for row, text in zip(found, TEXTS):
        states = states_of(tiny_transformer, text)
        expected = states.mean(dim=0) if pooling == "mean" else states[0]
        torch.testing.assert_close(row, expected, atol=1e-5, rtol=1e-4)


def test_the_end_of_a_long_sentence_is_not_read(tiny_transformer):
    teacher = loaded(tiny_transformer, max_length=6)
    assert torch.equal(teacher.embed(["a b c d e f"]), teacher.embed(["a b c d x"]))
    assert not torch.equal(teacher.embed(["a b c d e f"]), teacher.embed(["a b c x e f"]))
    assert loaded(tiny_transformer).embed(["a " * 600]).isfinite().all()


def test_the_fingerprint_names_content_and_pooling(tiny_transformer, tmp_path):
    shutil.copytree(tiny_transformer, tmp_path / "other")
    mean, cls = HuggingFaceEncoder(str(tiny_transformer)), HuggingFaceEncoder(str(tiny_transformer), "cls")  # fmt: skip
    assert mean.fingerprint == HuggingFaceEncoder(str(tmp_path / "other")).fingerprint
    assert mean.fingerprint != cls.fingerprint


def test_it_is_asked_as_taggers_are(tiny_transformer):
    store, teacher = MemoryKnowledgeStore(), HuggingFaceEncoder(str(tiny_transformer))
    questions = [Question("en", str(number), text.split()) for number, text in enumerate(TEXTS)]
    Asking(store, {"en": teacher}, teacher.request, CPU, is_quiet=True)(questions)
    found = store.read(teacher.fingerprint, ["0", "1", "2"], teacher.request)
    assert found[2] is None
    for one, text in zip(found, TEXTS):
        assert one.sentence_embedding.dtype == np.float16
        expected = states_of(tiny_transformer, text).mean(dim=0).numpy()
        np.testing.assert_allclose(one.sentence_embedding, expected, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"pooling": "max"}, 'pooling: expected one of mean, cls, got "max"'),
        ({"max_length": 0}, "max_length: expected 1 or more, got 0"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        HuggingFaceEncoder("folder", **options)


def test_no_folder(tmp_path):
    message = f"{tmp_path}: expected a folder with the config.json of an encoder, as save_pretrained leaves it"
    for use in (lambda: HuggingFaceEncoder(str(tmp_path)).fingerprint, lambda: loaded(tmp_path)):
        with pytest.raises(ConfigurationError, match=re.escape(message)):
            use()
