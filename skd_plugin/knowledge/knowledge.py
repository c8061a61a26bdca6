"""What teachers know of one sentence, how it is asked for, and how a batch of it looks."""

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

FIELDS = ("paths", "posteriors", "emissions")


@dataclass(frozen=True)
class KnowledgeRequest:
    """
    What losses ask of teachers; requests are joined by `|`.

    # Parameters

    fields : `FrozenSet[str]`
        Some of "paths", "posteriors", "emissions".
    num_paths : `int`, optional (default = `0`)
        How many best paths; positive if and only if "paths" is asked for.
    """

    fields: FrozenSet[str] = frozenset()
    num_paths: int = 0

    def __post_init__(self) -> None:
        unknown = self.fields - set(FIELDS)
        if unknown:
            raise ValueError(f"fields: expected some of {FIELDS}, got {sorted(unknown)}")
        if ("paths" in self.fields) != (self.num_paths > 0):
            raise ValueError(
                "num_paths: expected a positive number with paths and 0 without, "
                f"got {self.num_paths} with fields {sorted(self.fields)}"
            )

    def __or__(self, other: "KnowledgeRequest") -> "KnowledgeRequest":
        return KnowledgeRequest(self.fields | other.fields, max(self.num_paths, other.num_paths))


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
    """

    paths: Optional[np.ndarray] = None
    path_log_probs: Optional[np.ndarray] = None
    num_paths_asked: int = 0
    log_posteriors: Optional[np.ndarray] = None
    log_emissions: Optional[np.ndarray] = None

    def answers(self, request: KnowledgeRequest) -> bool:
        """Whether all that is asked for is here."""
        return (
            request.num_paths <= self.num_paths_asked
            and ("posteriors" not in request.fields or self.log_posteriors is not None)
            and ("emissions" not in request.fields or self.log_emissions is not None)
        )


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
    """

    present: Tensor
    paths: Optional[Tensor] = None
    path_log_probs: Optional[Tensor] = None
    path_mask: Optional[Tensor] = None
    log_posteriors: Optional[Tensor] = None
    log_emissions: Optional[Tensor] = None

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
        for name in ("posteriors", "emissions"):
            if name in request.fields:
                padded = np.zeros((len(sentences), num_tokens, num_tags), dtype=np.float32)
                for row, knowledge, tag_of_label in known:
                    values = _not_none(getattr(knowledge, f"log_{name}"))
                    padded[row, : len(values)] = -np.inf
                    padded[row, : len(values), tag_of_label] = values.T
                setattr(batch, f"log_{name}", torch.from_numpy(padded).to(device))
        return batch


def as_arrays(knowledge: Knowledge) -> Dict[str, np.ndarray]:
    """The arrays that are not `None`, by field name."""
    names: List[str] = ["paths", "path_log_probs", "log_posteriors", "log_emissions"]
    arrays = {name: getattr(knowledge, name) for name in names}
    return {name: array for name, array in arrays.items() if array is not None}


def _not_none(array: Optional[np.ndarray]) -> np.ndarray:
    if array is None:
        raise ValueError("the knowledge does not answer the request")
    return array
