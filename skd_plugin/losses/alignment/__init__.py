"""Objectives over sentence pairs, one level of alignment a file."""

from skd_plugin.losses.alignment.alignment_objective import (
    AlignmentObjective,
    PairBatch,
    WordViews,
)
from skd_plugin.losses.alignment.sentence_alignment import SentenceAlignment
from skd_plugin.losses.alignment.structure_alignment import StructureAlignment
from skd_plugin.losses.alignment.translation_language_modeling import TranslationLanguageModeling
from skd_plugin.losses.alignment.word_contrastive import WordContrastive

__all__ = [
    "AlignmentObjective",
    "PairBatch",
    "SentenceAlignment",
    "StructureAlignment",
    "TranslationLanguageModeling",
    "WordContrastive",
    "WordViews",
]
