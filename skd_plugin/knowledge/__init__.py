"""What a teacher knows of one sentence, and where it is kept."""

from skd_plugin.knowledge.cached_embeddings import CachedEmbeddings
from skd_plugin.knowledge.cached_knowledge import CachedKnowledge
from skd_plugin.knowledge.knowledge import Knowledge, KnowledgeBatch, KnowledgeRequest
from skd_plugin.knowledge.label_alignment import align_labels
from skd_plugin.knowledge.lmdb_store import LmdbKnowledgeStore
from skd_plugin.knowledge.store import KnowledgeStore, MemoryKnowledgeStore

__all__ = [
    "CachedEmbeddings",
    "CachedKnowledge",
    "Knowledge",
    "KnowledgeBatch",
    "KnowledgeRequest",
    "KnowledgeStore",
    "LmdbKnowledgeStore",
    "MemoryKnowledgeStore",
    "align_labels",
]
