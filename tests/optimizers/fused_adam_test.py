"""Adam in one pass, beside AllenNLP's."""

import pytest
import torch
from allennlp.training.optimizers import AdamOptimizer, Optimizer

from skd_plugin.optimizers import FusedAdam


def trained(optimizer_class, groups=None, **settings):
    """The weights after some steps on the same gradients."""
    generator = torch.Generator().manual_seed(5)
    shapes = {"embedder.weight": (40, 6), "crf.transitions": (3, 3)}
    parameters = [
        (name, torch.nn.Parameter(torch.randn(*shape, generator=generator)))
        for name, shape in shapes.items()
    ]
    optimizer = optimizer_class(parameters, groups, **settings)
    for _ in range(10):
        for _, parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
    return [parameter.detach() for _, parameter in parameters]


@pytest.mark.parametrize(
    "settings",
    [{}, {"amsgrad": True}, {"lr": 0.1}, {"betas": (0.5, 0.9), "eps": 1e-3}, {"weight_decay": 0.1}],
    ids=str,
)
@pytest.mark.parametrize("groups", [None, [(["^crf"], {"lr": 0.5})]], ids=["no_groups", "groups"])
def test_does_what_adam_does(settings, groups):
    ours, theirs = (trained(one, groups, **settings) for one in (FusedAdam, AdamOptimizer))
    for our, their in zip(ours, theirs):
        torch.testing.assert_close(our, their, rtol=1e-5, atol=1e-6)


def test_leaves_no_parameter_where_it_was():
    plain, other = trained(FusedAdam), trained(FusedAdam, lr=0.1)
    assert all((one != two).all() for one, two in zip(plain, other))


def test_is_fused_where_torch_can():
    parameter = torch.nn.Parameter(torch.zeros(2))
    can = tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 4)
    assert bool(FusedAdam([("weight", parameter)]).defaults.get("fused")) == can


def test_is_found_by_its_name():
    assert Optimizer.by_name("fused_adam") is FusedAdam
