"""Trainer callbacks."""

from skd_plugin.callbacks.cache_sentence_embeddings import CacheSentenceEmbeddings
from skd_plugin.callbacks.cache_teacher_knowledge import CacheTeacherKnowledge

__all__ = ["CacheSentenceEmbeddings", "CacheTeacherKnowledge"]
