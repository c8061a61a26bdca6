"""The student's view of the sentence embeddings in a filled store."""

from typing import Sequence

import numpy as np
import torch
from torch import Tensor

from skd_plugin.knowledge.knowledge import KnowledgeRequest
from skd_plugin.knowledge.store import KnowledgeStore


class CachedEmbeddings:
    """
    # Parameters

    store : `KnowledgeStore`
        An open store.
    source : `str`
        The fingerprint of the teacher.
    request : `KnowledgeRequest`
        Of sentence embeddings.
    """

    def __init__(self, store: KnowledgeStore, source: str, request: KnowledgeRequest) -> None:
        self._store = store
        self._source = source
        self._request = request

    def batch(self, keys: Sequence[str], device: torch.device) -> Tensor:
        """Of sentences by key, shape (len(keys), dim); `ValueError` if the store lacks one."""
        rows = []
        for key, knowledge in zip(keys, self._store.read(self._source, keys, self._request)):
            if knowledge is None or knowledge.sentence_embedding is None:
                raise ValueError(f"the store lacks the teacher's embedding of sentence {key}")
            rows.append(knowledge.sentence_embedding.astype(np.float32))
        return torch.from_numpy(np.stack(rows)).to(device)
