"""Exact inference in linear-chain conditional random fields, in torch alone."""

from skd_plugin.structures.linear_chain import LinearChain, TopK

__all__ = ["LinearChain", "TopK"]
