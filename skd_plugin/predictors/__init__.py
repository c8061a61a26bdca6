"""Predictors."""

from skd_plugin.predictors.answer_finder import AnswerFinderPredictor
from skd_plugin.predictors.multilingual_tagger import MultilingualTaggerPredictor
from skd_plugin.predictors.sentence_encoder import SentenceEncoderPredictor
from skd_plugin.predictors.sentence_pairs import SentencePairPredictor

__all__ = [
    "AnswerFinderPredictor",
    "MultilingualTaggerPredictor",
    "SentenceEncoderPredictor",
    "SentencePairPredictor",
]
