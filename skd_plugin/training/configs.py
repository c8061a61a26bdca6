"""What a training config says of phases."""

from typing import Any, Dict, List


def phases_of(config: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Those of its trainer; none if that has no phases."""
    trainer = config.get("trainer") or {}
    return trainer.get("phases") or [] if trainer.get("type") == "phases" else []


def trainers_of(config: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The trainer of each phase, or the one that there is."""
    of_phases = [phase.get("trainer") or {} for phase in phases_of(config)]
    return of_phases or [config.get("trainer") or {}]
