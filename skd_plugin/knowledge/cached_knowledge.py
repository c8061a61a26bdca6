"""The student's view of a filled store."""

import logging
from collections import defaultdict
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch

from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeBatch, KnowledgeRequest
from skd_plugin.knowledge.label_alignment import align_labels
from skd_plugin.knowledge.store import KnowledgeStore

logger = logging.getLogger(__name__)


class CachedKnowledge:
    """
    Reads what the teachers of every language know, in the student's tags, out of a filled store.

    # Parameters

    store : `KnowledgeStore`
        An open store that has the labels of every source.
    sources : `Dict[str, str]`
        The source (fingerprint of the teachers) of each language.
    request : `KnowledgeRequest`
        What the losses need.
    tags : `Dict[str, int]`
        The student's tags, with their indices.
    """

    def __init__(
        self,
        store: KnowledgeStore,
        sources: Dict[str, str],
        request: KnowledgeRequest,
        tags: Dict[str, int],
    ) -> None:
        self._store = store
        self._sources = sources
        self._request = request
        self._num_tags = len(tags)
        self._is_warned = False
        self._tag_of_label: Dict[str, np.ndarray] = {}
        for language, source in sources.items():
            labels = store.labels(source)
            if labels is None:
                raise ValueError(f"the store has no labels of source {source}")
            self._tag_of_label[language] = align_labels(
                labels, tags, f'the teachers of "{language}"'
            )

    def batch(
        self, metadata: List[Dict[str, Any]], num_tokens: int, device: torch.device
    ) -> KnowledgeBatch:
        """The knowledge of a batch of sentences, given by `language` and `key` of their metadata."""
        rows: Dict[str, List[int]] = defaultdict(list)
        for row, sentence in enumerate(metadata):
            if sentence["language"] in self._sources:
                rows[sentence["language"]].append(row)
        sentences: List[Optional[Tuple[Knowledge, np.ndarray]]] = [None] * len(metadata)
        for language, rows_of_language in rows.items():
            keys = [metadata[row]["key"] for row in rows_of_language]
            found = self._store.read(self._sources[language], keys, self._request)
            for row, knowledge in zip(rows_of_language, found):
                if knowledge is not None:
                    sentences[row] = knowledge, self._tag_of_label[language]
                elif not self._is_warned:
                    self._is_warned = True
                    logger.warning(
                        'the store lacks what the teachers of "%s" know of some sentences, such as "%s": these are '
                        "learnt from gold tags alone",
                        language,
                        " ".join(metadata[row].get("words", []))[:80],
                    )
        return KnowledgeBatch.collate(sentences, self._request, num_tokens, self._num_tags, device)
