"""Models."""

from skd_plugin.models.distilled_crf_tagger import DistilledCrfTagger
from skd_plugin.models.distilled_tagger import DistilledTagger
from skd_plugin.models.mmkd_encoder import MmkdEncoder
from skd_plugin.models.span_tagger import SpanTagger
from skd_plugin.models.tagger import Tagger

__all__ = ["DistilledCrfTagger", "DistilledTagger", "MmkdEncoder", "SpanTagger", "Tagger"]
