"""Metrics per language, and their mean over languages."""

from skd_plugin.metrics.answer_scores import AnswerScores
from skd_plugin.metrics.cross_lingual_retrieval import CrossLingualRetrieval
from skd_plugin.metrics.multilingual_metric import MultilingualMetric, SpanF1, TagAccuracy
from skd_plugin.metrics.retrieval_ranks import find_translations

__all__ = [
    "AnswerScores",
    "CrossLingualRetrieval",
    "MultilingualMetric",
    "SpanF1",
    "TagAccuracy",
    "find_translations",
]
