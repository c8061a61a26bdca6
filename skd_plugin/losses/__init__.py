"""Distillation losses, one a file, and the schedule of their weight."""

from skd_plugin.losses.distillation_loss import DistillationLoss
from skd_plugin.losses.emission import EmissionLoss
from skd_plugin.losses.posterior import PosteriorLoss
from skd_plugin.losses.schedule import DistillationSchedule, Progress
from skd_plugin.losses.top_k import TopKLoss, WeightedTopKLoss

__all__ = [
    "DistillationLoss",
    "DistillationSchedule",
    "EmissionLoss",
    "PosteriorLoss",
    "Progress",
    "TopKLoss",
    "WeightedTopKLoss",
]
