"""Teachers: whoever gives a distribution over the tag paths of a sentence."""

from skd_plugin.teachers.archive_teacher import ArchiveTeacher
from skd_plugin.teachers.ensemble import Ensemble
from skd_plugin.teachers.teacher import Teacher

__all__ = ["ArchiveTeacher", "Ensemble", "Teacher"]
