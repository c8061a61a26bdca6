"""Optimizers."""

from skd_plugin.optimizers.fused_adam import FusedAdam

__all__ = ["FusedAdam"]
