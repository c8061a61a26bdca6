"""Predictors."""

from skd_plugin.predictors.multilingual_tagger import MultilingualTaggerPredictor

__all__ = ["MultilingualTaggerPredictor"]
