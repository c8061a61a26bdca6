"""Adam in one pass."""

from typing import Any, Dict, List, Optional, Tuple

import torch
from allennlp.training.optimizers import Optimizer, ParameterGroupsType, make_parameter_groups
from packaging.version import Version

FUSED_ON_CPU_SINCE = Version("2.4")


@Optimizer.register("fused_adam")
class FusedAdam(Optimizer, torch.optim.Adam):
    """
    AllenNLP's `adam` (Kingma & Ba, ICLR 2015), but each parameter is updated in one pass over it where torch can do so:
    where word embeddings are most of a model, that is a good part of a training step (benchmarks/training_steps.py).

    # Parameters

    model_parameters : `List[Tuple[str, torch.nn.Parameter]]`
        With their names; given by the trainer.
    parameter_groups : `ParameterGroupsType`, optional (default = `None`)
        As in all of AllenNLP's optimizers.
    lr : `float`, optional (default = `0.001`)
    betas : `Tuple[float, float]`, optional (default = `(0.9, 0.999)`)
    eps : `float`, optional (default = `1e-8`)
    weight_decay : `float`, optional (default = `0.0`)
    amsgrad : `bool`, optional (default = `False`)
    """

    def __init__(
        self,
        model_parameters: List[Tuple[str, torch.nn.Parameter]],
        parameter_groups: Optional[ParameterGroupsType] = None,
        lr: float = 0.001,
        betas: Tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        is_fused = Version(torch.__version__) >= FUSED_ON_CPU_SINCE
        fused: Dict[str, Any] = {"fused": True} if is_fused else {}
        super().__init__(
            params=make_parameter_groups(model_parameters, parameter_groups),
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            **fused,
        )
