"""Exact inference in linear chains and labelled spans, in torch alone: the folder works on its own."""

from .linear_chain import LinearChain
from .tag_distribution import TagDistribution, TopK

__all__ = ["LinearChain", "TagDistribution", "TopK"]
