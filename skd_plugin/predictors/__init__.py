"""Predictors."""

from skd_plugin.predictors.multilingual_tagger import MultilingualTaggerPredictor
from skd_plugin.predictors.sentence_encoder import SentenceEncoderPredictor

__all__ = ["MultilingualTaggerPredictor", "SentenceEncoderPredictor"]
