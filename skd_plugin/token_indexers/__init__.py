"""From words to numbers."""

from skd_plugin.token_indexers.archived_encoder import ArchivedEncoderIndexer
from skd_plugin.token_indexers.word_pieces import WordPiecesIndexer

__all__ = ["ArchivedEncoderIndexer", "WordPiecesIndexer"]
