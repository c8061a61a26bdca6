"""Models."""

from skd_plugin.models.answer_finder import AnswerFinder
from skd_plugin.models.distilled_crf_tagger import DistilledCrfTagger
from skd_plugin.models.distilled_tagger import DistilledTagger
from skd_plugin.models.mmkd_encoder import MmkdEncoder
from skd_plugin.models.pair_classifier import PairClassifier
from skd_plugin.models.span_tagger import SpanTagger
from skd_plugin.models.tagger import Tagger

__all__ = [
    "AnswerFinder",
    "DistilledCrfTagger",
    "DistilledTagger",
    "MmkdEncoder",
    "PairClassifier",
    "SpanTagger",
    "Tagger",
]
