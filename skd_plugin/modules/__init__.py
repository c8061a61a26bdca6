"""Parts that models and teachers share."""

from skd_plugin.modules.distinct_characters import DistinctCharactersEncoder
from skd_plugin.modules.padded_lstm import PaddedLstm

__all__ = ["DistinctCharactersEncoder", "PaddedLstm"]
