"""Exact inference in linear-chain conditional random fields, in torch alone: the folder works on its own."""

from .linear_chain import LinearChain, TopK

__all__ = ["LinearChain", "TopK"]
