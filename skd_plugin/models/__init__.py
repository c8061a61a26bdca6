"""Models."""

from skd_plugin.models.distilled_crf_tagger import DistilledCrfTagger

__all__ = ["DistilledCrfTagger"]
