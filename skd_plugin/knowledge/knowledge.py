"""What teachers know of one sentence, how it is asked for, and how a batch of it looks."""

from dataclasses import dataclass, field
from typing import Collection, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from skd_plugin.knowledge.hidden_states import hidden_field, layer_of

FIELDS = (
    "paths",
    "posteriors",
    "emissions",
    "expected_transitions",
    "transitions",
    "sentence_embedding",
)


@dataclass(frozen=True)
class KnowledgeRequest:
    """
    What losses ask of teachers; requests are joined by `|`.

    # Parameters

    fields : `FrozenSet[str]`
        Some of "paths", "posteriors", "emissions", "expected_transitions", "transitions" and "sentence_embedding", and
        of "hidden_0", "hidden_1" and so on, or "hidden_-1" and so on from the last. The first three and the fourth say
        how probable tags and paths are, emissions and transitions together what the teachers' chain is, "hidden_" what
        the states of their layers are, and "sentence_embedding" what a teacher of sentences makes of the whole.
    num_paths : `int`, optional (default = `0`)
        How many best paths; positive if and only if "paths" is asked for.
    """

    fields: FrozenSet[str] = frozenset()
    num_paths: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(name for name in self.fields - set(FIELDS) if layer_of(name) is None)
        if unknown:
            raise ValueError(f"fields: expected some of {FIELDS} and hidden_<layer>, got {unknown}")
        if ("paths" in self.fields) != (self.num_paths > 0):
            raise ValueError(
                "num_paths: expected a positive number with paths and 0 without, "
                f"got {self.num_paths} with fields {sorted(self.fields)}"
            )

    @property
    def hidden_layers(self) -> List[int]:
        """The layers whose hidden states are asked for."""
        layers = map(layer_of, self.fields)
        return sorted(layer for layer in layers if layer is not None)

    def __or__(self, other: "KnowledgeRequest") -> "KnowledgeRequest":
        return KnowledgeRequest(self.fields | other.fields, max(self.num_paths, other.num_paths))

    def without(self, arrays: Collection[str], num_paths_asked: int) -> "KnowledgeRequest":
        """What is left to ask for where there are some arrays, with the best of so many paths."""
        left = {name for name in self.fields - {"paths"} if array_name(name) not in arrays}
        if self.num_paths > num_paths_asked:
            return KnowledgeRequest(frozenset(left | {"paths"}), self.num_paths)
        return KnowledgeRequest(frozenset(left))


@dataclass(frozen=True)
class Knowledge:
    """
    What the teachers know of one sentence, in their own labels' order; what was not asked for is `None`.

    # Parameters

    paths : `numpy.ndarray`, optional
        Shape (num_paths, num_tokens), integers: the best tag paths, best first.
    path_log_probs : `numpy.ndarray`, optional
        Shape (num_paths,), log p(path) in nats.
    num_paths_asked : `int`, optional
        How many paths were asked for; `paths` holds fewer only where no more exist.
    log_posteriors : `numpy.ndarray`, optional
        Shape (num_tokens, num_labels), log p(y_t = label) in nats.
    log_emissions : `numpy.ndarray`, optional
        Shape (num_tokens, num_labels), log softmax of the emission scores.
    expected_transitions : `numpy.ndarray`, optional
        Shape (num_labels, num_labels), how often each label is expected to follow each: edge posteriors, summed. In
        half precision; a `KnowledgeBatch` has them fitted to the posteriors.
    transitions : `numpy.ndarray`, optional
        Shape (num_labels + 2, num_labels), scores: from each label to each, then of the first label, then of the last.
    sentence_embedding : `numpy.ndarray`, optional
        Shape (dim,), in half precision.
    hidden : `Mapping[int, numpy.ndarray]`, optional (default = none)
        By layer, shape (num_tokens, dim): hidden states, in half precision.
    """

    paths: Optional[np.ndarray] = None
    path_log_probs: Optional[np.ndarray] = None
    num_paths_asked: int = 0
    log_posteriors: Optional[np.ndarray] = None
    log_emissions: Optional[np.ndarray] = None
    expected_transitions: Optional[np.ndarray] = None
    transitions: Optional[np.ndarray] = None
    sentence_embedding: Optional[np.ndarray] = None
    hidden: Mapping[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], num_paths_asked: int) -> "Knowledge":
        """What `as_arrays` has taken apart."""
        layers = {layer_of(name): array for name, array in arrays.items()}
        hidden = {layer: array for layer, array in layers.items() if layer is not None}
        others = {name: array for name, array in arrays.items() if layer_of(name) is None}
        return cls(num_paths_asked=num_paths_asked, hidden=hidden, **others)

    @property
    def nbytes(self) -> int:
        """How many bytes the arrays take."""
        return sum(array.nbytes for array in as_arrays(self).values())

    def lacks(self, request: KnowledgeRequest) -> KnowledgeRequest:
        """What is asked for and not here."""
        return request.without(as_arrays(self), self.num_paths_asked)


@dataclass
class KnowledgeBatch:
    """
    Knowledge of a batch of sentences in the student's tags, padded; what was not asked for is `None`.

    # Parameters

    present : `Tensor`
        Shape (batch_size,), bool: false for a sentence that no teacher answered for; its rows hold a harmless filling.
    paths, path_log_probs, path_mask : `Tensor`, optional
        Shapes (batch_size, num_paths, num_tokens), (batch_size, num_paths) and (batch_size, num_paths).
    log_posteriors, log_emissions : `Tensor`, optional
        Shape (batch_size, num_tokens, num_tags); -inf for tags that the teachers do not have, 0 on padding.
    expected_transitions : `Tensor`, optional
        Shape (batch_size, num_tags, num_tags); 0 for tags that the teachers do not have.
    transitions : `Tensor`, optional
        Shape (batch_size, num_tags + 2, num_tags), as in `Knowledge`; -inf for tags that the teachers do not have.
    hidden : `Dict[int, Tensor]`
        By layer, shape (batch_size, num_tokens, dim), 0 on padding.
    """

    present: Tensor
    paths: Optional[Tensor] = None
    path_log_probs: Optional[Tensor] = None
    path_mask: Optional[Tensor] = None
    log_posteriors: Optional[Tensor] = None
    log_emissions: Optional[Tensor] = None
    expected_transitions: Optional[Tensor] = None
    transitions: Optional[Tensor] = None
    hidden: Dict[int, Tensor] = field(default_factory=dict)

    @classmethod
    def collate(
        cls,
        sentences: Sequence[Optional[Tuple[Knowledge, np.ndarray]]],
        request: KnowledgeRequest,
        num_tokens: int,
        num_tags: int,
        device: torch.device,
    ) -> "KnowledgeBatch":
        """
        Pads what is known of each sentence, and moves it from its teachers' labels to the student's tags.

        # Parameters

        sentences : `Sequence[Optional[Tuple[Knowledge, np.ndarray]]]`
            For each sentence `None` or its knowledge and, shape (num_labels,), the student's tag of each label.
        request : `KnowledgeRequest`
            Which fields to fill; all that is given must answer it.
        """
        batch = cls(torch.tensor([sentence is not None for sentence in sentences], device=device))
        known = [(row, *sentence) for row, sentence in enumerate(sentences) if sentence is not None]
        if request.num_paths:
            shape = (len(sentences), request.num_paths)
            paths = np.zeros((*shape, num_tokens), dtype=np.int64)
            log_probs = np.full(shape, -np.inf, dtype=np.float32)
            log_probs[:, 0] = 0.0
            for row, knowledge, tag_of_label in known:
                best = _not_none(knowledge.paths)[: request.num_paths]
                paths[row, : best.shape[0], : best.shape[1]] = tag_of_label[best]
                log_probs[row, : len(best)] = _not_none(knowledge.path_log_probs)[: len(best)]
            batch.paths = torch.from_numpy(paths).to(device)
            batch.path_log_probs = torch.from_numpy(log_probs).to(device)
            batch.path_mask = batch.path_log_probs > -float("inf")
        for scored in ("posteriors", "emissions"):
            if scored in request.fields:
                name = array_name(scored)
                padded = np.zeros((len(sentences), num_tokens, num_tags), dtype=np.float32)
                for row, knowledge, tag_of_label in known:
                    values = _not_none(getattr(knowledge, name))
                    padded[row, : len(values)] = -np.inf
                    padded[row, : len(values), tag_of_label] = values.T
                setattr(batch, name, torch.from_numpy(padded).to(device))
        for name, ends, absent in (("expected_transitions", 0, 0.0), ("transitions", 2, -np.inf)):
            if name in request.fields:
                square = np.zeros((len(sentences), num_tags + ends, num_tags), dtype=np.float32)
                for row, knowledge, tag_of_label in known:
                    rows = np.concatenate([tag_of_label, num_tags + np.arange(ends)])
                    square[row] = absent
                    square[row][np.ix_(rows, tag_of_label)] = _not_none(getattr(knowledge, name))
                setattr(batch, name, torch.from_numpy(square).to(device))
        for layer in request.hidden_layers:
            states = [
                None if one is None else _not_none(one[0].hidden.get(layer)) for one in sentences
            ]
            batch.hidden[layer] = _padded_states(states, num_tokens, layer).to(device)
        if batch.expected_transitions is not None and batch.log_posteriors is not None:
            lengths = [
                0 if one is None else len(_not_none(one[0].log_posteriors)) for one in sentences
            ]
            mask = torch.arange(num_tokens) < torch.tensor(lengths).unsqueeze(1)
            batch.expected_transitions = fit_transitions(
                batch.expected_transitions, batch.log_posteriors, mask.to(device)
            )
        return batch


def fit_transitions(transitions: Tensor, log_posteriors: Tensor, mask: Tensor) -> Tensor:
    """
    Expected transitions whose sums are those of the posteriors, as both are kept in half precision (by iterative
    proportional fitting; Deming and Stephan, 1940).

    Else some potentials that a student may exchange between tags and transitions without changing any probability would
    change its structural loss, which had no minimum.

    Shapes: (batch_size, num_tags, num_tags), (batch_size, num_tokens, num_tags), (batch_size, num_tokens).
    """
    posteriors = log_posteriors.double().softmax(dim=2) * mask.unsqueeze(2)
    to = posteriors[:, 1:].sum(dim=1).unsqueeze(1)
    of = (posteriors[:, :-1] * mask[:, 1:].unsqueeze(2)).sum(dim=1).unsqueeze(2)
    fitted = transitions.double()
    for _ in range(10):
        for sums, dim in ((of, 2), (to, 1)):
            found = fitted.sum(dim=dim, keepdim=True)
            fitted = fitted * torch.where(found > 0, sums / found, found)
    return fitted.to(transitions.dtype)


def as_arrays(knowledge: Knowledge) -> Dict[str, np.ndarray]:
    """The arrays that are not `None`, by field name."""
    arrays = {
        name: getattr(knowledge, name) for name in ("path_log_probs", *map(array_name, FIELDS))
    }
    arrays.update({hidden_field(layer): states for layer, states in knowledge.hidden.items()})
    return {name: array for name, array in arrays.items() if array is not None}


def fields_of(arrays: Collection[str]) -> FrozenSet[str]:
    """The fields that arrays of such names belong to."""
    fields = {name for name in FIELDS if array_name(name) in arrays}
    return frozenset(fields | {name for name in arrays if layer_of(name) is not None})


def array_names(request: KnowledgeRequest) -> FrozenSet[str]:
    """The arrays that answer a request."""
    names = {array_name(name) for name in request.fields}
    return frozenset(names | {"path_log_probs"} if request.num_paths else names)


def array_name(of_field: str) -> str:
    """What the array of a field is called: those that hold logarithms say so."""
    return f"log_{of_field}" if of_field in ("posteriors", "emissions") else of_field


def _padded_states(states: Sequence[Optional[np.ndarray]], num_tokens: int, layer: int) -> Tensor:
    """Shape (len(states), num_tokens, dim)."""
    widths = sorted({one.shape[1] for one in states if one is not None})
    if len(widths) > 1:
        raise ConfigurationError(
            f"the hidden states of layer {layer} have {' and '.join(map(str, widths))} features, by language: distil "
            "them from teachers of one size"
        )
    padded = np.zeros((len(states), num_tokens, widths[0] if widths else 1), dtype=np.float32)
    for row, one in enumerate(states):
        if one is not None:
            padded[row, : len(one)] = one
    return torch.from_numpy(padded)


def _not_none(array: Optional[np.ndarray]) -> np.ndarray:
    if array is None:
        raise ValueError("the knowledge does not answer the request")
    return array
