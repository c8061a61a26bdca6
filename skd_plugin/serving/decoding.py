"""The best path of a linear chain (Viterbi, 1967) as nodes of a graph."""

from typing import Tuple

import numpy as np

from skd_plugin.serving import layers
from skd_plugin.serving.graph import DOUBLE, FLOAT, INT64, Dims, Graph
from skd_plugin.structures import LinearChain
from skd_plugin.structures.layout import IMPOSSIBLE


def best_paths(graph: Graph, chain: LinearChain, logits: str, mask: str) -> Tuple[str, str]:
    """
    As `LinearChain.argmax`, in double precision likewise.

    # Parameters

    chain : `LinearChain`
        Of any sentences: its transitions, and its scores of the first and the last tag, are those of all.
    logits : `str`
        Shape (batch_size, num_tokens, num_tags).
    mask : `str`
        Shape (batch_size, num_tokens), with a token in every row.

    # Returns

    `Tuple[str, str]`: the tags, shape (batch_size, num_tokens), int64, 0 on padding; and the scores, shape
    (batch_size,).
    """
    emissions = graph.op("Cast", logits, to=DOUBLE)
    if chain._independent:
        tags = graph.op("ArgMax", emissions, axis=2, keepdims=0)
        best = graph.op("ReduceMax", emissions, axes=[2], keepdims=0)
        kept = graph.op("Mul", best, graph.op("Cast", mask, to=DOUBLE))
        scores = graph.op("ReduceSum", kept, graph.constant([1]), keepdims=0)
    else:
        tags, scores = _viterbi(graph, chain, emissions, mask)
    exists = graph.op("Greater", scores, _double(graph, IMPOSSIBLE / 2))
    scores = graph.op("Where", exists, scores, _double(graph, -np.inf))
    there = graph.op("And", mask, graph.op("Unsqueeze", exists, graph.constant([1])))
    tags = graph.op("Mul", tags, graph.op("Cast", there, to=INT64))
    return tags, graph.op("Cast", scores, to=FLOAT)


def _viterbi(graph: Graph, chain: LinearChain, emissions: str, mask: str) -> Tuple[str, str]:
    """Tags, shape (batch_size, num_tokens), and scores, shape (batch_size,), in double precision."""
    # A step goes from a token to the next one; the last, from the last token to none, so that there always is one. Its
    # emissions are of no influence.
    first = _slice(graph, emissions, 0, 1)
    steps = graph.op("Concat", _slice(graph, emissions, 1, np.iinfo(np.int64).max), first, axis=1)
    lengths = graph.op("Unsqueeze", layers.lengths(graph, mask), graph.constant([1]))
    next_positions = graph.op("Add", layers.positions(graph, mask), graph.constant(1))
    # Shape: (batch_size, num_tokens, 1)
    goes_on = graph.op("Unsqueeze", graph.op("Less", next_positions, lengths), graph.constant([2]))
    before = graph.op(
        "Add", graph.op("Squeeze", first, graph.constant([1])), _double(graph, chain.start)
    )
    after, pointers = graph.scan(_forwards(graph, chain), [before], [steps, goes_on])
    finished = graph.op("Add", after, _double(graph, chain.end))
    last = graph.op("ArgMax", finished, axis=1, keepdims=1)
    scores = graph.op("ReduceMax", finished, axes=[1], keepdims=0)
    _, tags = graph.scan(
        _backwards(graph), [last], [pointers], scan_input_directions=[1], scan_output_directions=[1]
    )
    return graph.op("Squeeze", tags, graph.constant([2])), scores


def _forwards(outer: Graph, chain: LinearChain) -> Graph:
    """From the scores of the best prefixes up to each tag of a token to those of the next one, and whence they come."""
    num_tags = len(chain.start)
    moves, staying = _double(outer, chain.transitions), outer.constant(np.arange(num_tags))
    body = Graph(outer)
    dims: Dims = ["batch_size", num_tags]
    before = body.input("step_before", np.float64, dims)
    emissions = body.input("step_emissions", np.float64, dims)
    goes_on = body.input("step_goes_on", np.bool_, ["batch_size", 1])
    # Shape: (batch_size, from_tag, to_tag)
    candidates = body.op("Add", body.op("Unsqueeze", before, body.constant([2])), moves)
    best = body.op("ReduceMax", candidates, axes=[1], keepdims=0)
    pointers = body.op("ArgMax", candidates, axis=1, keepdims=0)
    after = body.op("Where", goes_on, body.op("Add", best, emissions), before)
    body.output("step_after", after, np.float64, dims)
    body.output("step_pointers", body.op("Where", goes_on, pointers, staying), np.int64, dims)
    return body


def _backwards(outer: Graph) -> Graph:
    """Of the tag of the next token that of a token."""
    body = Graph(outer)
    tag = body.input("step_next_tag", np.int64, ["batch_size", 1])
    pointers = body.input("step_whence", np.int64, ["batch_size", "num_tags"])
    found = body.op("GatherElements", pointers, tag, axis=1)
    body.output("step_tag", found, np.int64, ["batch_size", 1])
    body.output("step_same_tag", found, np.int64, ["batch_size", 1])
    return body


def _slice(graph: Graph, values: str, start: int, end: int) -> str:
    """Some tokens."""
    return graph.op("Slice", values, *(graph.constant([one]) for one in (start, end, 1)))


def _double(graph: Graph, value: object) -> str:
    return graph.constant(value, np.float64)
