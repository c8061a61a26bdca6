"""Trainer callbacks."""

from skd_plugin.callbacks.cache_teacher_knowledge import CacheTeacherKnowledge

__all__ = ["CacheTeacherKnowledge"]
