"""Trainers of torch that several threads build, each in its world."""

from __future__ import annotations

import numpy as np
import torch
from gankit_torch.operations import TorchOperations
from gankit_torch.sums import sums_of

from gankit import plugins
from gankit.functional import Framework, trainer
from tests.looped_scan import LoopedScan

TORCH = plugins.get_backend("torch")


class TorchFramework(LoopedScan, TorchOperations, Framework):
    """torch's tensors for the layers, updates and blocks of `gankit.functional`."""

    cross_entropy, shift = Framework.cross_entropy, Framework.shift

    def numpy(self, tensor, /):
        return np.array(tensor.detach().numpy())

    def value_and_grad(self, f, weights, /):
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        value, extra = f(leaves)
        gradients = torch.autograd.grad(value, [*leaves.values()], materialize_grads=True)
        return value.detach(), detached(extra), dict(zip(leaves, gradients, strict=True))


def detached(extra):
    if isinstance(extra, tuple):
        return tuple(map(detached, extra))
    if isinstance(extra, dict):
        return {name: detached(tensor) for name, tensor in extra.items()}
    return extra.detach()


def by_torch(problem):
    return TORCH.trainer(problem)


def by_functional(problem):
    framework = TorchFramework(problem.precision, "cpu")
    framework.sums = sums_of(problem.world)
    return trainer(problem, framework)
