"""How parameters are counted."""

import torch
from allennlp.modules.token_embedders import Embedding

from skd_plugin.latency.timed_model import TimedTorchModel, count_parameters


class Shared(torch.nn.Module):
    """Its output layer has the weights of its embedding."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(10, 4)
        self.output = torch.nn.Linear(4, 10)
        self.output.weight = self.embedding.weight
        self.of_allennlp = Embedding(3, num_embeddings=5)
        self.register_buffer("steps", torch.zeros(7))


def test_shared_weights_are_counted_once():
    assert count_parameters(Shared()) == (10 * 4 + 10 + 5 * 3, 10 * 4 + 5 * 3)


def test_modules_are_evaluated():
    module = Shared().train()
    assert TimedTorchModel("x", module, 12).size == (65, 55, 12)
    assert not module.training
