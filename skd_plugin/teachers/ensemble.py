"""All teachers of a language, answering as one."""

import hashlib
import math
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest
from skd_plugin.structures import LinearChain
from skd_plugin.structures.linear_chain import IMPOSSIBLE
from skd_plugin.teachers.teacher import Teacher


class Ensemble:
    """
    The teachers of one language as one: the even mixture p(y) = 1/M sum_m p_m(y) of their distributions.

    Posteriors and emissions are averaged exactly; the best paths of the mixture are sought among the best paths of its
    members. The labels are all that any member has, in alphabetical order; a member gives none to what it lacks.

    # Parameters

    teachers : `Sequence[Teacher]`
        At least one.
    """

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        if not teachers:
            raise ConfigurationError(
                "teachers: a language with an empty list; expected at least one teacher"
            )
        self._teachers = list(teachers)

    @property
    def fingerprint(self) -> str:
        """Names the members, in any order."""
        members = sorted(teacher.fingerprint for teacher in self._teachers)
        return hashlib.blake2b(" ".join(members).encode(), digest_size=16).hexdigest()

    @property
    def labels(self) -> List[str]:
        """The labels of all members; they must be loaded."""
        return sorted({label for teacher in self._teachers for label in teacher.labels})

    def load(self, device: torch.device) -> None:
        """Loads all members."""
        for teacher in self._teachers:
            teacher.load(device)

    def release(self) -> None:
        """Frees all members."""
        for teacher in self._teachers:
            teacher.release()

    @torch.no_grad()
    def teach(
        self, sentences: Sequence[Sequence[str]], request: KnowledgeRequest
    ) -> List[Knowledge]:
        """What the teachers know of a batch of sentences, given as words."""
        labels = self.labels
        chains = [
            _widen(teacher.chain(sentences), teacher.labels, labels) for teacher in self._teachers
        ]
        arrays = {}
        if "paths" in request.fields:
            paths, log_probs = _best_paths(chains, request.num_paths)
            arrays["paths"] = paths.cpu().numpy().astype(np.min_scalar_type(len(labels)))
            arrays["path_log_probs"] = log_probs.cpu().numpy()
        if "posteriors" in request.fields:
            arrays["log_posteriors"] = _mix([chain.log_marginals for chain in chains])
        if "emissions" in request.fields:
            arrays["log_emissions"] = _mix(
                [chain.emissions.log_softmax(dim=-1) for chain in chains]
            )

        return [
            _one_sentence({name: array[row] for name, array in arrays.items()}, len(words), request)
            for row, words in enumerate(sentences)
        ]


def _one_sentence(
    arrays: Dict[str, np.ndarray], num_tokens: int, request: KnowledgeRequest
) -> Knowledge:
    """A sentence's own arrays, without padding and without paths that do not exist."""
    if "paths" in arrays:
        exist = np.isfinite(arrays["path_log_probs"])
        arrays["paths"] = arrays["paths"][exist, :num_tokens]
        arrays["path_log_probs"] = arrays["path_log_probs"][exist]
    for name in ("log_posteriors", "log_emissions"):
        if name in arrays:
            arrays[name] = arrays[name][:num_tokens].copy()
    return Knowledge(num_paths_asked=request.num_paths, **arrays)


def _widen(chain: LinearChain, labels: List[str], all_labels: List[str]) -> LinearChain:
    """The same chain over more labels, which are impossible."""
    index = torch.tensor(
        [all_labels.index(label) for label in labels], device=chain.emissions.device
    )
    size = len(all_labels)
    emissions = chain.emissions.new_full((*chain.mask.shape, size), IMPOSSIBLE)
    emissions[..., index] = chain.emissions
    transitions = emissions.new_full((size, size), IMPOSSIBLE)
    transitions[index.unsqueeze(1), index] = chain.transitions
    start, end = emissions.new_full((2, size), IMPOSSIBLE)
    start[index], end[index] = chain.start, chain.end
    return LinearChain(emissions, transitions, start, end, chain.mask)


def _mix(log_probs: List[Tensor]) -> np.ndarray:
    """The logarithm of the mean of probabilities, in half precision; impossible becomes -inf."""
    mixed = torch.stack(log_probs).logsumexp(dim=0) - math.log(len(log_probs))
    return mixed.half().cpu().numpy()


def _best_paths(chains: List[LinearChain], num_paths: int) -> Tuple[Tensor, Tensor]:
    """The best of the members' best paths, under the mixture: paths and log-probabilities, -inf where none is."""
    best = [chain.top_k(num_paths) for chain in chains]
    if len(chains) == 1:
        return best[0].paths, best[0].scores - chains[0].log_partition.unsqueeze(1)
    # Shape: (batch_size, num_chains * num_paths, num_tokens)
    paths = torch.cat([one.paths for one in best], dim=1)
    exists = torch.cat([one.mask for one in best], dim=1)
    log_probs = torch.stack([chain.log_prob(paths) for chain in chains]).logsumexp(dim=0)
    # A path that stands earlier in the list is not counted again. Shape: (batch_size, candidate, candidate)
    equal = (paths.unsqueeze(1) == paths.unsqueeze(2)).all(dim=3) & exists.unsqueeze(1)
    seen = equal.tril(diagonal=-1).any(dim=2)
    log_probs = (log_probs - math.log(len(chains))).masked_fill(seen | ~exists, -float("inf"))
    log_probs, order = log_probs.topk(num_paths, dim=1)
    return paths.gather(1, order.unsqueeze(2).expand(-1, -1, paths.size(2))), log_probs
