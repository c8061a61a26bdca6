"""Random batches of chains, how many of them are checked, and how answers are compared."""

import os
from typing import Any, Callable, List, Optional, Sequence

import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from skd_plugin.structures import LinearChain
from skd_plugin.structures.log_space_sums import LogSpaceSums
from skd_plugin.structures.scaled_sums import ScaledSums
from tests.brute_force import ChainInputs, random_inputs

RANDOM_CHAINS = int(os.environ.get("SKD_RANDOM_CHAINS", "1000"))
"""At least so many chains a test that compares with enumeration: a batch holds two or more."""
RANDOM = settings(max_examples=max(1, (RANDOM_CHAINS + 1) // 2))
FEW = settings(max_examples=100)


@st.composite
def batches(draw: Callable[..., Any], number: int = 1, largest_scale: float = 300.0) -> Any:
    """
    Random chains of all kinds; or a list of some, over the same sentences and tags.

    # Parameters

    number : `int`, optional (default = `1`)
        Of batches; a list if there are more than one.
    largest_scale : `float`, optional (default = `300.0`)
        Of the scores; beyond 20 or so they are summed in the space of logarithms.
    """
    lengths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    num_tags = draw(st.integers(1, 4))
    num_tokens = max(lengths) + draw(st.sampled_from([0, 0, 1, 3]))
    scales = [scale for scale in (2.0, 0.1, 10.0, 300.0) if scale <= largest_scale]
    inputs = [
        single_precision(
            random_inputs(
                lengths,
                num_tags,
                seed=draw(st.integers(0, 2**32 - 1)),
                forbidden=draw(st.sampled_from([0.0, 0.0, 0.2, 0.5])),
                ties=draw(st.booleans()),
                scale=draw(st.sampled_from(scales)),
                num_tokens=num_tokens,
                transitions=draw(st.sampled_from(["shared", "own", "none"])),
            )
        )
        for _ in range(number)
    ]
    return inputs if number > 1 else inputs[0]


def single_precision(inputs: ChainInputs) -> ChainInputs:
    """Scores that are the same in single and in double precision."""
    scores = [None if scores is None else scores.float().double() for scores in inputs[:4]]
    return ChainInputs(*scores, inputs.mask)


def parameters(inputs: ChainInputs, dtype: torch.dtype = torch.float64) -> List[Tensor]:
    """Leaves of a graph: the emissions and, where there are any, transitions, start and end."""
    return [
        scores.detach().to(dtype, copy=True).requires_grad_()
        for scores in inputs[:4]
        if scores is not None
    ]


def chain_of(scores: Sequence[Tensor], mask: Tensor, sums: Optional[str] = None) -> LinearChain:
    """From what `parameters` returns; `sums` may force "scaled" or "log_space" sums."""
    chain = LinearChain(scores[0], *scores[1:], mask=mask)
    if sums:
        kind = {"scaled": ScaledSums, "log_space": LogSpaceSums}[sums]
        chain.__dict__["_sums"] = kind(chain._scores, chain._layout)
    return chain


def close(found: Tensor, expected: Any, tolerance: float = 1e-9) -> None:
    """Asserts that numbers agree, relatively or absolutely."""
    expected = torch.as_tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(found.double(), expected, atol=tolerance, rtol=tolerance)


def padded(rows: Sequence[Any], like: Tensor) -> Tensor:
    """A list of each sentence's values as one tensor in the shape of another, 0 on padding."""
    result = torch.zeros(like.shape, dtype=torch.float64)
    for row, values in enumerate(rows):
        if len(values):
            result[row, : len(values)] = torch.as_tensor(values, dtype=torch.float64)
    return result


def possible(tensor: Tensor) -> Tensor:
    """What is not impossible, of shape (number,)."""
    return tensor[tensor > -1e20]


def weighted(tensor: Tensor) -> Tensor:
    """A scalar that looks at every possible entry differently."""
    weights = torch.linspace(0.5, 2.0, tensor.numel(), dtype=tensor.dtype)
    return possible(tensor).dot(weights[tensor.flatten() > -1e20])
