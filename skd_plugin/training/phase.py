"""One phase of a training."""

import re
from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional

from allennlp.common import FromParams, Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.models import Model
from allennlp.training import Trainer
from torch.nn import Parameter

from skd_plugin.losses import (
    ConstantSchedule,
    DistillationLoss,
    DistillationSchedule,
)
from skd_plugin.training.selected_sentences import CHOICES


class Phase(FromParams):
    """
    What is learnt, from which sentences, by which weights, and how long.

    # Parameters

    name : `str`
        Of its folder and its metrics: letters, digits, "_" and "-".
    trainer : `Trainer`, optional (default = `gradient_descent` as it is)
        As the `trainer` of any config: optimizer, schedule, epochs, patience and metric. The metric `distillation_loss`
        is the mean over the validation sentences of what the phase's losses say of each.
    data : `str`, optional (default = `"all"`)
        Which training sentences: "labeled", "unlabeled" or "all".
    updates_per_epoch : `int`, optional (default = `None`)
        Ends an epoch after so many batches; the next one goes on in the sentences where it stopped. Phases with few
        sentences and with many then have epochs of one length.
    parameters : `List[str]`, optional (default = all)
        Regular expressions of the names of weights that are trained; the others stay as they are. Of weights that a
        model holds frozen, none is trained.
    losses : `List[DistillationLoss]`, optional (default = none)
        What is learnt from the teachers; without any, gold tags are learnt.
    loss_reduction : `str`, optional (default = `"mean"`)
        As in the model.
    schedule : `DistillationSchedule`, optional (default = `constant`, weight 1)
        How much the teachers count in this phase, beside gold tags.
    """

    def __init__(
        self,
        name: str,
        trainer: Lazy[Trainer] = Lazy(Trainer),
        data: str = "all",
        updates_per_epoch: Optional[int] = None,
        parameters: Optional[List[str]] = None,
        losses: Optional[List[DistillationLoss]] = None,
        loss_reduction: str = "mean",
        schedule: Optional[DistillationSchedule] = None,
    ) -> None:
        if not re.fullmatch(r"[\w-]+", name):
            raise ConfigurationError(
                f'name of a phase: expected letters, digits, "_" and "-", got "{name}"'
            )
        if data not in CHOICES:
            raise ConfigurationError(
                f'phase "{name}": data: expected {", ".join(CHOICES)}; got "{data}"'
            )
        if updates_per_epoch is not None and updates_per_epoch < 1:
            raise ConfigurationError(
                f'phase "{name}": updates_per_epoch: expected 1 or more, got {updates_per_epoch}'
            )
        self.name = name
        self.trainer = trainer
        self.data = data
        self.updates_per_epoch = updates_per_epoch
        self.losses = losses or []
        self.loss_reduction = loss_reduction
        self.schedule = schedule or ConstantSchedule(1.0)
        if parameters == []:
            raise ConfigurationError(
                f'phase "{name}": parameters: expected some regular expressions, got none'
            )
        self._parameters = [""] if parameters is None else parameters

    @contextmanager
    def trained(self, model: Model) -> Iterator[None]:
        """Within, only the weights that this phase trains have gradients."""
        weights = _trainable(model)
        for name, weight in weights.items():
            weight.requires_grad_(self._trains(name))
            weight.grad = None  # that of an earlier phase would count when gradients are clipped
        try:
            yield
        finally:
            for weight in weights.values():
                weight.requires_grad_(True)

    def check(self, model: Model) -> None:
        """`ConfigurationError` for a regular expression that fits no weight."""
        names = list(_trainable(model))
        for pattern in self._parameters:
            if not any(re.search(pattern, name) for name in names):
                raise ConfigurationError(
                    f'phase "{self.name}": parameters: "{pattern}" fits no weight that can be trained; there are '
                    f"{', '.join(names)}"
                )

    def _trains(self, name: str) -> bool:
        """What a loss learns beside the student is always trained."""
        patterns = [*self._parameters, r"^loss_projections\."]
        return any(re.search(pattern, name) for pattern in patterns)


def _trainable(model: Model) -> Dict[str, Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
