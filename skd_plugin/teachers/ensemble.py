"""All teachers of a language, answering as one."""

import hashlib
import math
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.array_codecs import below, gaps
from skd_plugin.knowledge.hidden_states import hidden_field, layer_of
from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeRequest
from skd_plugin.structures import IMPOSSIBLE, LinearChain, TagDistribution
from skd_plugin.teachers.teacher import Teacher

HALF_MAX = float(np.finfo(np.float16).max)


class Ensemble:
    """
    The teachers of one language as one: the mixture p(y) = sum_m w_m p_m(y) of their distributions, by their weights,
    which are made to sum to 1.

    Posteriors and emissions are mixed exactly; the best paths of the mixture are sought among the best paths of its
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
        total = sum(teacher.weight for teacher in teachers)
        self._weights = [teacher.weight / total for teacher in teachers]

    @property
    def fingerprint(self) -> str:
        """Names the members and their weights, in any order."""
        members = sorted(
            f"{teacher.fingerprint}*{weight:.9f}"
            for teacher, weight in zip(self._teachers, self._weights)
        )
        return hashlib.blake2b(" ".join(members).encode(), digest_size=16).hexdigest()

    @property
    def description(self) -> str:
        """Who they are, for people."""
        return ", ".join(
            f"{teacher.description} ({weight:.0%})" if weight < 1 else teacher.description
            for teacher, weight in zip(self._teachers, self._weights)
        )

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
        labels, layers = self.labels, request.hidden_layers
        if layers and len(self._teachers) > 1:
            raise ConfigurationError(
                f"hidden states were asked for, and a language has {len(self._teachers)} teachers, whose states have "
                "nothing to do with each other. Take one teacher"
            )
        answers = [teacher.answer(sentences, layers) for teacher in self._teachers]
        members = [
            _widen(answer.distribution, teacher.labels, labels)
            for answer, teacher in zip(answers, self._teachers)
        ]
        arrays = {
            hidden_field(layer): states.clamp(-HALF_MAX, HALF_MAX).half().cpu().numpy()
            for layer, states in answers[0].hidden.items()
        }
        if "paths" in request.fields:
            paths, log_probs = _best_paths(members, self._weights, request.num_paths)
            arrays["paths"] = paths.cpu().numpy().astype(np.min_scalar_type(len(labels)))
            arrays["path_log_probs"] = _rounded(log_probs.float().cpu().numpy())
        if "posteriors" in request.fields:
            arrays["log_posteriors"] = _mix(
                [member.log_marginals for member in members], self._weights
            )
        if "expected_transitions" in request.fields:
            weighted = [
                weight * member.expected_transitions
                for weight, member in zip(self._weights, members)
            ]
            mean = torch.stack(weighted).sum(dim=0)
            arrays["expected_transitions"] = mean.half().cpu().numpy()
        if "emissions" in request.fields:
            chains = _linear_chains(members)
            arrays["log_emissions"] = _mix(
                [chain.emissions.log_softmax(dim=-1) for chain in chains], self._weights
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
    for name in arrays:
        if name in ("log_posteriors", "log_emissions") or layer_of(name) is not None:
            arrays[name] = arrays[name][:num_tokens].copy()
    return Knowledge.of_arrays(arrays, request.num_paths)


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


def _rounded(log_probs: np.ndarray) -> np.ndarray:
    """Such that the gaps between the best path and the others have half precision, as they are kept."""
    best = log_probs[:, :1]
    return np.concatenate([best, below(best, gaps(log_probs))], axis=1)


def _mix(log_probs: List[Tensor], weights: List[float]) -> np.ndarray:
    """The logarithm of the mixture of probabilities, in half precision; impossible becomes -inf."""
    return _log_mixture(log_probs, weights).half().cpu().numpy()


def _log_mixture(log_probs: List[Tensor], weights: List[float]) -> Tensor:
    weighted = [one + math.log(weight) for one, weight in zip(log_probs, weights)]
    return torch.stack(weighted).logsumexp(dim=0)


def _best_paths(
    members: List[TagDistribution], weights: List[float], num_paths: int
) -> Tuple[Tensor, Tensor]:
    """The best of the members' best paths, under the mixture: paths and log-probabilities, -inf where none is."""
    best = [member.top_k(num_paths) for member in members]
    if len(members) == 1:
        log_probs = members[0].log_prob(best[0].paths)
        return best[0].paths, log_probs.masked_fill(~best[0].mask, -float("inf"))
    # Shape: (batch_size, num_members * num_paths, num_tokens)
    paths = torch.cat([one.paths for one in best], dim=1)
    exists = torch.cat([one.mask for one in best], dim=1)
    log_probs = _log_mixture([member.log_prob(paths) for member in members], weights)
    # A path that stands earlier in the list is not counted again. Shape: (batch_size, candidate, candidate)
    equal = (paths.unsqueeze(1) == paths.unsqueeze(2)).all(dim=3) & exists.unsqueeze(1)
    seen = equal.tril(diagonal=-1).any(dim=2)
    log_probs = log_probs.masked_fill(seen | ~exists, -float("inf"))
    log_probs, order = log_probs.topk(num_paths, dim=1)
    return paths.gather(1, order.unsqueeze(2).expand(-1, -1, paths.size(2))), log_probs
