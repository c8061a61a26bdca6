"""Teachers, who give the distribution over the tag paths of a sentence, and how they are asked."""

from skd_plugin.teachers.archive_teacher import ArchiveTeacher
from skd_plugin.teachers.asking import Asking, Question
from skd_plugin.teachers.ensemble import Ensemble
from skd_plugin.teachers.huggingface_teacher import HuggingFaceTeacher
from skd_plugin.teachers.processes import Processes
from skd_plugin.teachers.sentence_teacher import HuggingFaceEncoder, SentenceTeacher
from skd_plugin.teachers.teacher import Answer, Teacher

__all__ = [
    "Answer",
    "ArchiveTeacher",
    "Asking",
    "Ensemble",
    "HuggingFaceEncoder",
    "HuggingFaceTeacher",
    "Processes",
    "Question",
    "SentenceTeacher",
    "Teacher",
]
