"""All teachers of a language, answering as one."""

import hashlib
import math
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest
from skd_plugin.structures import IMPOSSIBLE, LinearChain, TagDistribution
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
        members = [
            _widen(teacher.distribution(sentences), teacher.labels, labels)
            for teacher in self._teachers
        ]
        arrays = {}
        if "paths" in request.fields:
            paths, log_probs = _best_paths(members, request.num_paths)
            arrays["paths"] = paths.cpu().numpy().astype(np.min_scalar_type(len(labels)))
            arrays["path_log_probs"] = log_probs.cpu().numpy()
        if "posteriors" in request.fields:
            arrays["log_posteriors"] = _mix([member.log_marginals for member in members])
        if "expected_transitions" in request.fields:
            mean = torch.stack([member.expected_transitions for member in members]).mean(dim=0)
            if "log_posteriors" in arrays:
                mean = _fit(mean, torch.from_numpy(arrays["log_posteriors"]), members[0].mask)
            arrays["expected_transitions"] = mean.float().cpu().numpy()
        if "emissions" in request.fields:
            chains = _linear_chains(members)
            arrays["log_emissions"] = _mix(
                [chain.emissions.log_softmax(dim=-1) for chain in chains]
            )
        if "transitions" in request.fields:
            arrays["transitions"] = self._transitions(members)

        return [
            _one_sentence({name: array[row] for name, array in arrays.items()}, len(words), request)
            for row, words in enumerate(sentences)
        ]

    def _transitions(self, members: List[TagDistribution]) -> np.ndarray:
        """Those of the only member, once a sentence; impossible becomes -inf."""
        if len(members) > 1:
            raise ConfigurationError(
                f"a temperature on potentials was asked for, and a language has {len(members)} teachers: a mixture of "
                "distributions has no potentials. Take one teacher, or a temperature on marginals"
            )
        (chain,) = _linear_chains(members)
        batch_size, num_tags = len(chain.mask), len(chain.start)
        ends = torch.stack([chain.start, chain.end]).expand(batch_size, -1, -1)
        scores = torch.cat([chain.transitions.expand(batch_size, num_tags, num_tags), ends], dim=1)
        return scores.masked_fill(scores < IMPOSSIBLE / 2, -math.inf).float().cpu().numpy()


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


def _widen(member: TagDistribution, labels: List[str], all_labels: List[str]) -> TagDistribution:
    """The same over more labels, which are impossible."""
    index = [all_labels.index(label) for label in labels]
    return member.relabeled(torch.tensor(index, device=member.mask.device), len(all_labels))


def _linear_chains(members: List[TagDistribution]) -> List[LinearChain]:
    """The members, if all of them score tokens; else an error."""
    chains = [member for member in members if isinstance(member, LinearChain)]
    if len(chains) < len(members):
        raise ConfigurationError(
            "a teacher scores spans, not tokens: it has no emissions and no transitions. Distil its posteriors, paths "
            "or structure, with temperatures on marginals (of `structural`: 1)"
        )
    return chains


def _mix(log_probs: List[Tensor]) -> np.ndarray:
    """The logarithm of the mean of probabilities, in half precision; impossible becomes -inf."""
    mixed = torch.stack(log_probs).logsumexp(dim=0) - math.log(len(log_probs))
    return mixed.half().cpu().numpy()


def _fit(transitions: Tensor, log_posteriors: Tensor, mask: Tensor) -> Tensor:
    """
    Expected transitions whose sums are those of the posteriors as they are kept, in half precision (by iterative
    proportional fitting; Deming and Stephan, 1940).

    Else some potentials that a student may exchange between tags and transitions without changing any probability would
    change its structural loss, which had no minimum.

    Shapes: (batch_size, num_labels, num_labels), (batch_size, num_tokens, num_labels), (batch_size, num_tokens).
    """
    posteriors = log_posteriors.to(mask.device).double().softmax(dim=2) * mask.unsqueeze(2)
    to = posteriors[:, 1:].sum(dim=1).unsqueeze(1)
    of = (posteriors[:, :-1] * mask[:, 1:].unsqueeze(2)).sum(dim=1).unsqueeze(2)
    fitted = transitions.double()
    for _ in range(10):
        for sums, dim in ((of, 2), (to, 1)):
            found = fitted.sum(dim=dim, keepdim=True)
            fitted = fitted * torch.where(found > 0, sums / found, found)
    return fitted


def _best_paths(members: List[TagDistribution], num_paths: int) -> Tuple[Tensor, Tensor]:
    """The best of the members' best paths, under the mixture: paths and log-probabilities, -inf where none is."""
    best = [member.top_k(num_paths) for member in members]
    if len(members) == 1:
        log_probs = members[0].log_prob(best[0].paths)
        return best[0].paths, log_probs.masked_fill(~best[0].mask, -float("inf"))
    # Shape: (batch_size, num_members * num_paths, num_tokens)
    paths = torch.cat([one.paths for one in best], dim=1)
    exists = torch.cat([one.mask for one in best], dim=1)
    log_probs = torch.stack([member.log_prob(paths) for member in members]).logsumexp(dim=0)
    # A path that stands earlier in the list is not counted again. Shape: (batch_size, candidate, candidate)
    equal = (paths.unsqueeze(1) == paths.unsqueeze(2)).all(dim=3) & exists.unsqueeze(1)
    seen = equal.tril(diagonal=-1).any(dim=2)
    log_probs = (log_probs - math.log(len(members))).masked_fill(seen | ~exists, -float("inf"))
    log_probs, order = log_probs.topk(num_paths, dim=1)
    return paths.gather(1, order.unsqueeze(2).expand(-1, -1, paths.size(2))), log_probs
