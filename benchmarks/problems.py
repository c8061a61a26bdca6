"""What every library is given: seeded batches of chains; and what every answer is judged by, in double precision."""

from typing import List, NamedTuple, Tuple, cast

import torch
from torch import Tensor


class Shape(NamedTuple):
    """
    The size of a batch of chains.

    # Parameters

    batch_size, num_tokens, num_tags : `int`
        `num_tokens` is that of the longest sentence.
    kind : `str`, optional (default = `"mixed"`)
        "mixed": lengths between half of `num_tokens` and all of it, standard normal scores. "equal": the same, but all
        sentences have `num_tokens`. "wide": as "mixed", but emissions are 100 times as large.
    """

    batch_size: int
    num_tokens: int
    num_tags: int
    kind: str = "mixed"

    def __str__(self) -> str:
        size = f"B{self.batch_size} T{self.num_tokens} C{self.num_tags}"
        notes = {"mixed": "", "equal": ", equal lengths", "wide": ", wide scores"}
        return size + notes[self.kind]

    @property
    def work(self) -> int:
        """How many transitions a dynamic program looks at."""
        return self.batch_size * self.num_tokens * self.num_tags**2


class Problem(NamedTuple):
    """
    A batch of chains with gold tags.

    # Parameters

    emissions : `Tensor`
        Shape (batch_size, num_tokens, num_tags), which requires a gradient, like the next three.
    transitions : `Tensor`
        Shape (num_tags, num_tags), from tag to tag.
    start, end : `Tensor`
        Shape (num_tags,).
    lengths : `Tensor`
        Shape (batch_size,); the longest is `num_tokens`.
    mask : `Tensor`
        Shape (batch_size, num_tokens), bool.
    gold : `Tensor`
        Shape (batch_size, num_tokens), tags.
    """

    shape: Shape
    emissions: Tensor
    transitions: Tensor
    start: Tensor
    end: Tensor
    lengths: Tensor
    mask: Tensor
    gold: Tensor

    @property
    def leaves(self) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """What has a gradient."""
        return self.emissions, self.transitions, self.start, self.end


def make_problem(shape: Shape, device: torch.device, seed: int = 13370) -> Problem:
    """The same numbers for the same shape and seed, on every device."""
    batch_size, num_tokens, num_tags, kind = shape
    generator = torch.Generator().manual_seed(
        seed + 1_000_000 * batch_size + 1_000 * num_tokens + num_tags
    )

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=generator)

    emissions = normal(batch_size, num_tokens, num_tags)
    if kind == "wide":
        emissions *= 100
    lengths = torch.randint(num_tokens // 2, num_tokens + 1, (batch_size,), generator=generator)
    lengths = lengths.clamp(min=1)
    lengths[0] = num_tokens
    if kind == "equal":
        lengths[:] = num_tokens
    scores = (emissions, normal(num_tags, num_tags), normal(num_tags), normal(num_tags))
    gold = torch.randint(num_tags, (batch_size, num_tokens), generator=generator)
    emissions, transitions, start, end = (tensor.to(device).requires_grad_() for tensor in scores)
    lengths = lengths.to(device)
    mask = torch.arange(num_tokens, device=device) < lengths.unsqueeze(1)
    return Problem(shape, emissions, transitions, start, end, lengths, mask, gold.to(device))


def path_scores(problem: Problem, paths: Tensor) -> Tensor:
    """
    s(y) of paths, by the definition and in double precision.

    Shapes: `paths` (batch_size, num_paths, num_tokens), what is returned (batch_size, num_paths).
    """
    return _path_scores([leaf.detach().double() for leaf in problem.leaves], problem, paths)


def _path_scores(leaves: List[Tensor], problem: Problem, paths: Tensor) -> Tensor:
    emissions, transitions, start, end = leaves
    mask = problem.mask.unsqueeze(1)
    last = (problem.lengths - 1).view(-1, 1, 1).expand(-1, paths.size(1), 1)
    # Shape: (batch_size, num_paths, num_tokens)
    emitted = emissions.transpose(1, 2).gather(1, paths) * mask
    # Shape: (batch_size, num_paths, num_tokens - 1)
    moved = transitions[paths[..., :-1], paths[..., 1:]] * mask[..., 1:]
    ends = start[paths[..., 0]] + end[paths.gather(2, last).squeeze(2)]
    return emitted.sum(dim=2) + moved.sum(dim=2) + ends


def exact_nll(problem: Problem, chunk: int = 16) -> Tuple[Tensor, ...]:
    """
    The negative log-likelihood summed over the batch and its gradients by `leaves`, by the textbook's recursion in
    double precision, `chunk` sentences at a time: the judge when two libraries disagree.
    """
    leaves = [leaf.detach().double().requires_grad_() for leaf in problem.leaves]
    emissions, transitions, start, end = leaves
    parts = [-_path_scores(leaves, problem, problem.gold.unsqueeze(1)).sum()]
    parts[0].backward()
    for rows in torch.arange(len(problem.mask), device=emissions.device).split(chunk):
        alpha = start + emissions[rows, 0]
        for token in range(1, problem.shape.num_tokens):
            # Shape: (chunk, from_tag, to_tag)
            extended = alpha.unsqueeze(2) + transitions + emissions[rows, token].unsqueeze(1)
            here = problem.mask[rows, token].unsqueeze(1)
            alpha = torch.where(here, extended.logsumexp(dim=1), alpha)
        parts.append((alpha + end).logsumexp(dim=1).sum())
        parts[-1].backward()
    return (torch.stack(parts).sum().detach(), *(cast(Tensor, leaf.grad) for leaf in leaves))
