"""Parts that models and teachers share."""

from skd_plugin.modules.archived_encoder import ArchivedEncoder
from skd_plugin.modules.distinct_characters import DistinctCharactersEncoder
from skd_plugin.modules.padded_lstm import PaddedLstm
from skd_plugin.modules.transformer_layers import TransformerLayersEmbedder
from skd_plugin.modules.word_pieces import WordPiecesEmbedder

__all__ = [
    "ArchivedEncoder",
    "DistinctCharactersEncoder",
    "PaddedLstm",
    "TransformerLayersEmbedder",
    "WordPiecesEmbedder",
]
