"""Distillation losses, one a file, and the schedule of their weight."""

from skd_plugin.losses.alignment import AlignmentObjective
from skd_plugin.losses.distillation import Distillation
from skd_plugin.losses.distillation_loss import DistillationLoss
from skd_plugin.losses.emission import EmissionLoss
from skd_plugin.losses.hidden import HiddenLoss
from skd_plugin.losses.logits import LogitsLoss
from skd_plugin.losses.posterior import PosteriorLoss
from skd_plugin.losses.schedule import ConstantSchedule, DistillationSchedule, Progress
from skd_plugin.losses.structural import StructuralLoss
from skd_plugin.losses.top_k import TopKLoss, WeightedTopKLoss

__all__ = [
    "AlignmentObjective",
    "ConstantSchedule",
    "Distillation",
    "DistillationLoss",
    "DistillationSchedule",
    "EmissionLoss",
    "HiddenLoss",
    "LogitsLoss",
    "PosteriorLoss",
    "Progress",
    "StructuralLoss",
    "TopKLoss",
    "WeightedTopKLoss",
]
