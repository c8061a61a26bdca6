"""Between segmentations and the tags that write them."""

import itertools
import re

import pytest
import torch

from skd_plugin.structures import Segmentations, SpanTags
from tests.brute_force_spans import BruteForceSpans, bio, bioul, read, tag_path


def segmentations_of(num_tokens, max_width, num_labels):
    """All of them, once as they are enumerated, and once as a batch."""
    scores = [
        [[0.0 if start + width <= num_tokens else -float("inf")] * num_labels for width in widths]
        for start, widths in itertools.product(range(num_tokens), [range(1, max_width + 1)])
    ]
    every = list(BruteForceSpans(scores, [0.0] * num_tokens).scores)
    widths = torch.zeros(len(every), num_tokens, dtype=torch.long)
    labels = torch.full_like(widths, -1)
    for row, segmentation in enumerate(every):
        for start, width, label in segmentation:
            widths[row, start], labels[row, start] = width, label
    return every, Segmentations(widths, labels)


@pytest.mark.parametrize("encoding", [bio, bioul])
@pytest.mark.parametrize("padding", [0, 2])
def test_what_is_written_is_read(encoding, padding):
    every, batch = segmentations_of(4, 4, 2)
    tags = encoding(2)
    padded = Segmentations(
        *(
            torch.nn.functional.pad(values, (0, padding), value=filling)
            for values, filling in zip(batch, (0, -1))
        )
    )
    mask = torch.arange(4 + padding) < 4
    paths = tags.write(padded, mask)
    assert [tuple(path[:4]) for path in paths.tolist()] == [tag_path(one, tags) for one in every]
    assert not paths[:, 4:].any()
    assert len(set(map(tuple, paths.tolist()))) == len(every) > 100
    # Whatever stands on padding is not read.
    for filling in range(tags.num_tags):
        found = tags.read(paths.masked_fill(~mask, filling), mask.expand_as(paths))
        assert torch.equal(found.widths, padded.widths)
        assert torch.equal(found.labels, padded.labels)


@pytest.mark.parametrize("encoding, num_labels", [(bio, 1), (bio, 2), (bioul, 1)])
def test_what_is_read_of_illegal_paths_is_written_otherwise(encoding, num_labels):
    tags = encoding(num_labels)
    paths = torch.tensor(list(itertools.product(range(tags.num_tags), repeat=4)))
    mask = torch.ones_like(paths, dtype=torch.bool)
    again = tags.write(tags.read(paths, mask), mask)
    legal = {tag_path(one, tags) for one in segmentations_of(4, 4, num_labels)[0]}
    same = {tuple(path) for path in paths[(again == paths).all(dim=1)].tolist()}
    assert same == legal and len(legal) < len(paths)


def test_what_is_lacking_is_written_as_such():
    every, batch = segmentations_of(3, 3, 1)
    tags = SpanTags(2, 0, *map(torch.tensor, ([1], [-1], [-1], [1])))
    paths = tags.write(batch, torch.ones_like(batch.widths, dtype=torch.bool))
    assert [tuple(path) for path in paths.tolist()] == [tag_path(one, tags) for one in every]
    assert (paths == -1).any()


def test_shapes():
    tags = bio(1)
    paths = torch.randint(3, (2, 5, 4))
    mask = torch.tensor([[True] * 4, [True] * 2 + [False] * 2]).unsqueeze(1)
    together = tags.read(paths, mask)
    assert together.widths.shape == together.labels.shape == tags.write(together, mask).shape
    for row in range(2):
        for rank in range(5):
            alone = tags.read(paths[row, rank], mask[row, 0])
            assert read(together, row, rank) == read(alone)


@pytest.mark.parametrize(
    "lacking, writable",
    [
        ("begin", [True, False, False, False]),
        ("inside", [True, True, False, False]),
        ("last", [True, False, False, False]),
        ("unit", [False, True, True, True]),
    ],
)
def test_writable(lacking, writable):
    tags = bioul(2)
    assert tags.writable(4).all()
    place = getattr(tags, lacking).clone()
    place[1] = -1
    tags = tags._replace(**{lacking: place})
    for max_width in range(1, 5):
        found = tags.writable(max_width)
        assert found.shape == (max_width, 2) and found[:, 0].all()
        assert found[:, 1].tolist() == writable[:max_width]


def test_relabeled():
    tags = SpanTags(3, 1, *map(torch.tensor, ([0], [-1], [-1], [2])))
    moved = tags.relabeled(torch.tensor([5, 0, 3]), 6)
    assert moved[:2] == (6, 0)
    assert [place.tolist() for place in moved[2:]] == [[5], [-1], [-1], [3]]


@pytest.mark.parametrize(
    "tags, num_labels, message",
    [
        (
            SpanTags(5, 0, *[torch.tensor([1])] * 4),
            1,
            "tags: expected other tags for each label, and others to begin spans than to go on",
        ),
        (
            SpanTags(5, 1, *map(torch.tensor, ([1], [2], [2], [1]))),
            1,
            "tags: expected other tags for each label",
        ),
        (
            SpanTags(5, 0, *map(torch.tensor, ([1, 3], [2, 2], [2, 2], [1, 3]))),
            2,
            "tags: expected other tags for each label",
        ),
        (
            SpanTags(9, 0, *map(torch.tensor, ([1, 3], [2, 4], [2], [1, 3]))),
            2,
            "tags: expected one tag for each of 2 labels, got [2, 2, 1, 2] of begin, inside, last and unit",
        ),
        (bio(1)._replace(num_tags=2), 1, "tags: expected indices below 2, got 0 to 2"),
        (bio(1)._replace(outside=-1), 1, "tags: expected indices below 3, got -1 to 2"),
    ],
)
def test_refused(tags, num_labels, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        tags.check(num_labels)


@pytest.mark.parametrize("encoding", [bio, bioul])
def test_not_refused(encoding):
    encoding(3).check(3)
    tags = encoding(1)
    tags._replace(inside=torch.tensor([-1])).check(1)
