"""Exports compute what their archives do: for every sentence of the corpus, in batches with padding and one by one."""

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from more_itertools import chunked

from skd_plugin.serving import OnnxTagger
from skd_plugin.serving.parity import check_parity, largest_difference, torch_outputs
from tests.serving.students import MODELS, sentences

TOLERANCE = 1e-4


def compare(archive, tagger, batch):
    """Logits, paths and scores; returns the tags that occur."""
    expected, found = torch_outputs(archive, batch), tagger.run(tagger.prepare(batch))
    assert largest_difference(expected["logits"], found["logits"], expected["mask"]) < TOLERANCE
    paths, scores = torch.tensor(found["tags"]), torch.tensor(found["scores"])
    assert torch.equal(paths, expected["paths"])
    assert scores.dtype == expected["scores"].dtype
    # Sums of hundreds of logits are as exact as single precision is.
    torch.testing.assert_close(scores, expected["scores"], rtol=3e-7, atol=TOLERANCE)
    return set(paths[expected["mask"]].tolist())


@pytest.mark.parametrize("kind", MODELS)
def test_batches(kind, archive_of, tagger_of):
    archive, tagger = archive_of(kind), tagger_of(kind)
    found = [compare(archive, tagger, batch) for batch in chunked(sentences(), 32)]
    assert len(found) == 25 and len(set.union(*found)) >= 3


@pytest.mark.parametrize("kind", ["crf", "softmax", "word pieces"])
def test_one_by_one(kind, archive_of, tagger_of):
    archive, tagger = archive_of(kind), tagger_of(kind)
    for words in sentences():
        compare(archive, tagger, [words])


def test_long_sentences(archive_of, tagger_of):
    words = [word for sentence in sentences()[:100] for word in sentence]
    assert len(words) > 700
    compare(archive_of("crf"), tagger_of("crf"), [words, words[:1], words[:300]])


def test_unknown_words(archive_of, tagger_of):
    strange = ["…", "\u200b", "x" * 50, "🙂", "ß", "日本語"]
    for kind in ("crf", "characters", "word pieces"):
        compare(archive_of(kind), tagger_of(kind), [strange, strange[::-1][:2]])


def test_others_weights_are_noticed(archive_of, folder_of):
    archive = archive_of("crf")
    check_parity(archive, folder_of("crf"))
    with torch.no_grad():
        archive.model.tag_projection_layer._module.bias += 0.5
    with pytest.raises(ConfigurationError, match="got others, as far as 0.5 apart"):
        check_parity(archive, folder_of("crf"))


def test_difference_of_other_shapes_is_infinite(tagger_of):
    assert isinstance(tagger_of("crf"), OnnxTagger)
    mask = torch.ones(1, 2).bool()
    assert largest_difference(torch.zeros(1, 2, 3), torch.zeros(1, 2, 4).numpy(), mask) == float(
        "inf"
    )
