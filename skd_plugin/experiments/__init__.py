"""Experiments: one file describes teachers, a baseline and methods; all of them are trained, compared and reported."""

from skd_plugin.experiments.engine import Engine
from skd_plugin.experiments.experiment import Experiment
from skd_plugin.experiments.local_engine import LocalEngine
from skd_plugin.experiments.ray_engine import RayEngine

__all__ = ["Engine", "Experiment", "LocalEngine", "RayEngine"]
