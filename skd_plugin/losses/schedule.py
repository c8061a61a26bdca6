"""How much teacher and how much gold over time."""

from dataclasses import dataclass
from typing import Optional

from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError


@dataclass(frozen=True)
class Progress:
    """
    How far training has come.

    # Parameters

    epoch : `int`
        Completed epochs.
    batch : `int`
        Completed batches of the running epoch.
    batches_per_epoch : `int`, optional
        `None` where a streaming data loader does not know.
    """

    epoch: int = 0
    batch: int = 0
    batches_per_epoch: Optional[int] = None


class DistillationSchedule(Registrable):
    """Gives lambda of the total loss, lambda * distillation + (1 - lambda) * gold, at any time of training."""

    default_implementation = "linear_by_epoch"

    def weight(self, progress: Progress) -> float:
        """lambda, in [0, 1]."""
        raise NotImplementedError


@DistillationSchedule.register("constant")
class ConstantSchedule(DistillationSchedule):
    """
    The same lambda always.

    # Parameters

    weight : `float`, optional (default = `0.5`)
    """

    def __init__(self, weight: float = 0.5) -> None:
        if not 0 <= weight <= 1:
            raise ConfigurationError(f"weight of a schedule: expected 0 to 1, got {weight}")
        self._weight = weight

    def weight(self, progress: Progress) -> float:
        return self._weight


@DistillationSchedule.register("linear_by_epoch")
class LinearByEpochSchedule(DistillationSchedule):
    """
    From the teacher to gold: lambda = max(0, 1 - epoch * rate / 100), as published (Wang et al., ACL 2020).

    # Parameters

    rate : `float`, optional (default = `1.0`)
        Per cent an epoch; the paper has 0.5 and 1.0.
    """

    def __init__(self, rate: float = 1.0) -> None:
        if rate < 0:
            raise ConfigurationError(f"rate of a schedule: expected 0 or more, got {rate}")
        self._rate = rate

    def weight(self, progress: Progress) -> float:
        return max(0.0, 1.0 - self._epochs(progress) * self._rate / 100)

    def _epochs(self, progress: Progress) -> float:
        return progress.epoch


@DistillationSchedule.register("linear_by_batch")
class LinearByBatchSchedule(LinearByEpochSchedule):
    """
    As `linear_by_epoch`, but a little every batch: epochs are counted with their fractions.

    # Parameters

    rate : `float`, optional (default = `1.0`)
        Per cent an epoch.
    """

    def _epochs(self, progress: Progress) -> float:
        if progress.batches_per_epoch is None:
            raise ConfigurationError(
                "schedule linear_by_batch: the data loader does not know its length; take linear_by_epoch, "
                "or give the data loader `batches_per_epoch`"
            )
        return progress.epoch + progress.batch / progress.batches_per_epoch
