"""Exact inference in linear chains and labelled spans, in torch alone: the folder works on its own."""

from .layout import IMPOSSIBLE
from .linear_chain import LinearChain
from .segmentations import Segmentations, TopSegmentations
from .semi_markov import SemiMarkov
from .span_tags import SpanTags
from .tag_distribution import TagDistribution, TopK
from .tagged_spans import TaggedSpans

__all__ = [
    "IMPOSSIBLE",
    "LinearChain",
    "Segmentations",
    "SemiMarkov",
    "SpanTags",
    "TagDistribution",
    "TaggedSpans",
    "TopK",
    "TopSegmentations",
]
