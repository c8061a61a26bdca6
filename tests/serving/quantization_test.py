"""Exports of 8-bit integers: smaller, and nearly the same."""

import json
import logging

import pytest
from more_itertools import chunked

from skd_plugin.serving.folder import GRAPH
from skd_plugin.serving.parity import largest_difference, torch_outputs
from tests.serving.students import sentences

KINDS = ["crf", "softmax", "characters", "transformer", "word pieces"]


@pytest.mark.parametrize("kind", KINDS)
def test_tags_mostly_agree(kind, archive_of, tagger_of):
    exact, rounded, some = tagger_of(kind), tagger_of(kind, int8=True), sentences()
    pairs = [
        (one, other)
        for tags, others in zip(exact.tag(some), rounded.tag(some))
        for one, other in zip(tags, others)
    ]
    assert len(pairs) > 8000
    assert sum(one == other for one, other in pairs) > 0.98 * len(pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_smaller(kind, folder_of):
    exact, rounded = ((folder_of(kind, int8) / GRAPH).stat().st_size for int8 in (False, True))
    assert rounded < 0.8 * exact  # these are small: much is graph, which stays
    assert json.loads((folder_of(kind, True) / "config.json").read_text())["int8"]


def test_logits_are_near(archive_of, tagger_of):
    archive, tagger = archive_of("crf"), tagger_of("crf", int8=True)
    for batch in chunked(sentences()[::5], 40):
        expected, found = torch_outputs(archive, batch), tagger.run(tagger.prepare(batch))
        assert 0 < largest_difference(expected["logits"], found["logits"], expected["mask"]) < 0.5


def test_logging_is_left_as_it_was(folder_of):
    level = logging.getLogger().level
    folder_of("crf", int8=True)
    assert logging.getLogger().level == level
