"""From AllenNLP's CRF module to a linear chain."""

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
        # The last but one row of the mask stands for the start, its last column for the end.
        forbidden = crf._constraint_mask < 0.5
        num_tags = crf.num_tags
        impossible = -float("inf")
        transitions = transitions.masked_fill(forbidden[:num_tags, :num_tags], impossible)
        start = start.masked_fill(forbidden[num_tags, :num_tags], impossible)
        end = end.masked_fill(forbidden[:num_tags, num_tags + 1], impossible)
    return LinearChain(logits, transitions, start, end, mask)
