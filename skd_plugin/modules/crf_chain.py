"""From AllenNLP's CRF module to a linear chain."""

from typing import Sequence, Tuple

from allennlp.modules import ConditionalRandomField
from torch import Tensor

from skd_plugin.structures import LinearChain


def crf_chain(
    crf: ConditionalRandomField, logits: Tensor, mask: Tensor, constrained: bool = False
) -> LinearChain:
    """
    The chain of a CRF and a batch of emission scores.

    # Parameters

    crf : `ConditionalRandomField`
        Its transitions, its start and end transitions if it has them, and its constraints.
    logits : `Tensor`
        Shape (batch_size, num_tokens, num_tags).
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    constrained : `bool`, optional (default = `False`)
        Forbid what the CRF's constraints forbid; AllenNLP does so when decoding and not when training.

    # Returns

    `LinearChain` over the CRF's tags; its paths are those of `viterbi_tags` if constrained (label weights, which count
    in AllenNLP's training loss alone, do not enter).
    """
    transitions: Tensor = crf.transitions
    start = end = transitions.new_zeros(crf.num_tags)
    if crf.include_start_end_transitions:
        start, end = crf.start_transitions, crf.end_transitions
    if constrained:
        return LinearChain(logits, *_forbid(transitions, start, end, crf._constraint_mask), mask)
    return LinearChain(logits, transitions, start, end, mask)


def constrained_chain(
    logits: Tensor, mask: Tensor, allowed_transitions: Sequence[Tuple[int, int]]
) -> LinearChain:
    """
    The chain of a softmax a token in which only some paths are possible.

    # Parameters

    logits : `Tensor`
        Shape (batch_size, num_tokens, num_tags).
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    allowed_transitions : `Sequence[Tuple[int, int]]`
        As AllenNLP's function of this name gives them: the start is num_tags, the end num_tags + 1.
    """
    num_tags = logits.size(2)
    allowed = logits.new_zeros(num_tags + 2, num_tags + 2)
    allowed[tuple(zip(*allowed_transitions))] = 1.0
    zeros = logits.new_zeros(num_tags, num_tags)
    return LinearChain(logits, *_forbid(zeros, zeros[0], zeros[0], allowed), mask)


def _forbid(
    transitions: Tensor, start: Tensor, end: Tensor, allowed: Tensor
) -> Tuple[Tensor, Tensor, Tensor]:
    """The scores, -inf where `allowed`, shape (num_tags + 2, num_tags + 2), is 0."""
    # The last but one row stands for the start, the last column for the end.
    forbidden = allowed < 0.5
    num_tags = len(transitions)
    impossible = -float("inf")
    return (
        transitions.masked_fill(forbidden[:num_tags, :num_tags], impossible),
        start.masked_fill(forbidden[num_tags, :num_tags], impossible),
        end.masked_fill(forbidden[:num_tags, num_tags + 1], impossible),
    )
