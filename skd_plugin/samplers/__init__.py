"""Samplers of batches."""

from skd_plugin.samplers.language_pairs import LanguagePairsSampler
from skd_plugin.samplers.smoothed_languages import SmoothedLanguagesSampler

__all__ = ["LanguagePairsSampler", "SmoothedLanguagesSampler"]
