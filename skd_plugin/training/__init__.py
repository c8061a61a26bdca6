"""Training in phases."""

from skd_plugin.training.phase import Phase
from skd_plugin.training.phases import PhasesTrainer

__all__ = ["Phase", "PhasesTrainer"]
