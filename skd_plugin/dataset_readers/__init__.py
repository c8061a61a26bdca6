"""Readers of labelled and unlabelled sentences, of pairs of them and of questions, in many languages."""

from skd_plugin.dataset_readers.conll_tagging import ConllTaggingReader
from skd_plugin.dataset_readers.conllu_tagging import ConlluTaggingReader
from skd_plugin.dataset_readers.jsonl_tagging import JsonlTaggingReader
from skd_plugin.dataset_readers.parallel_text import ParallelTextReader
from skd_plugin.dataset_readers.perturbed import PerturbedReader
from skd_plugin.dataset_readers.plain_text import PlainTextReader
from skd_plugin.dataset_readers.semeval_absa import SemevalAbsaReader
from skd_plugin.dataset_readers.semi_supervised import SemiSupervisedReader
from skd_plugin.dataset_readers.sentence import UNLABELED, DataError, Sentence, sentence_key
from skd_plugin.dataset_readers.sentence_pairs import SentencePairReader
from skd_plugin.dataset_readers.squad_questions import SquadQuestionReader
from skd_plugin.dataset_readers.tagging_dataset_reader import TaggingDatasetReader

__all__ = [
    "ConllTaggingReader",
    "ConlluTaggingReader",
    "DataError",
    "JsonlTaggingReader",
    "ParallelTextReader",
    "PerturbedReader",
    "PlainTextReader",
    "SemevalAbsaReader",
    "SemiSupervisedReader",
    "Sentence",
    "SentencePairReader",
    "SquadQuestionReader",
    "TaggingDatasetReader",
    "UNLABELED",
    "sentence_key",
]
