"""How files of parallel text are read: each format gives rows, which are one sentence in several languages."""

from skd_plugin.dataset_readers.parallel.inputs import read_rows
from skd_plugin.dataset_readers.parallel.rows import Row, Side

__all__ = ["Row", "Side", "read_rows"]
