"""Samplers of batches."""

from skd_plugin.samplers.smoothed_languages import SmoothedLanguagesSampler

__all__ = ["SmoothedLanguagesSampler"]
