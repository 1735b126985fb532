"""SGD, RMSprop and Adam with torch's own kernels, by the formulas of `gankit.optimizers`.

They are called as functions: `torch.optim.Optimizer.step` checks hooks, groups and profilers each
time, which takes longer than a small network's update.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from gankit.contract import State, add_prefix, strip_prefix
from gankit.optimizers import RUNNING_MEANS, SGD, Adam, Optimizer, RMSprop
from gankit_torch.tensors import copy_into, to_array


class Updater:
    """An optimizer of one network's parameters, `{"0.kernel": ...}`."""

    def __init__(self, optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> None:
        self._optimizer = optimizer
        self._names, self._parameters = list(parameters), list(parameters.values())
        self._means = {
            mean: [torch.zeros_like(p) for p in self._parameters]
            for mean in RUNNING_MEANS[type(optimizer)]
        }
        self._t = [torch.zeros((), dtype=torch.float32, device=p.device) for p in self._parameters]

    def update(self, gradients: list[Tensor], scalars: Mapping[str, float]) -> None:
        """Update the parameters by the loss's `gradients`, in their order and strides.

        `scalars` are the side's own scalars: "learning_rate", and Adam's "beta2".
        """
        with torch.no_grad():
            self._step(gradients, scalars)
            if self._optimizer.clip is not None:
                for parameter in self._parameters:
                    parameter.clamp_(-self._optimizer.clip, self._optimizer.clip)

    def state(self) -> State:
        """Return copies of the state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        state: State = {}
        for mean, tensors in self._means.items():
            named = zip(self._names, tensors, strict=True)
            state |= add_prefix(mean, {name: to_array(tensor) for name, tensor in named})
        if isinstance(self._optimizer, Adam):
            state["t"] = np.array(max(map(int, self._t), default=0), np.int64)
        return state

    def load_state(self, state: State) -> None:
        """Load a validated state."""
        for mean, tensors in self._means.items():
            arrays = strip_prefix(state, mean)
            for name, tensor in zip(self._names, tensors, strict=True):
                copy_into(tensor, arrays[name])
        for t in self._t if isinstance(self._optimizer, Adam) else ():
            t.fill_(int(state["t"]))

    def _step(self, gradients: list[Tensor], scalars: Mapping[str, float]) -> None:
        """Update parameters and means in place."""
        parameters, rate = self._parameters, scalars["learning_rate"]
        match self._optimizer:
            case SGD():
                sgd(
                    parameters,
                    gradients,
                    [None] * len(parameters),
                    fused=True,
                    lr=rate,
                    weight_decay=0,
                    momentum=0,
                    dampening=0,
                    nesterov=False,
                    maximize=False,
                )
            case RMSprop(decay=decay, epsilon=epsilon):
                rmsprop(
                    parameters,
                    gradients,
                    self._means["v"],
                    [],
                    [],
                    self._t,
                    lr=rate,
                    alpha=decay,
                    eps=epsilon,
                    weight_decay=0,
                    momentum=0,
                    centered=False,
                )
            case Adam(beta1=beta1, epsilon=epsilon):
                adam(
                    parameters,
                    gradients,
                    self._means["m"],
                    self._means["v"],
                    [],
                    self._t,
                    fused=True,
                    lr=rate,
                    beta1=beta1,
                    beta2=scalars["beta2"],
                    eps=epsilon,
                    weight_decay=0,
                    amsgrad=False,
                    maximize=False,
                )
