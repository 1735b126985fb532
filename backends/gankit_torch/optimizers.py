"""SGD and Adam by torch's own fused kernels, whose formulas are `gankit.optimizers`' own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gankit.backend import State
from gankit.optimizers import SGD, Adam, Optimizer
from gankit.state import under
from gankit_torch.tensors import copy_into, to_array


class Updater:
    """An optimizer at work on one player's parameters, `{"0.kernel": ...}`."""

    def __init__(self, optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> None:
        self._parameters = dict(parameters)
        self._torch = _start(optimizer, self._parameters)

    def update(self, loss: Tensor, learning_rate: float) -> None:
        """Move the parameters against the loss's gradient; no other gradient is taken."""
        parameters = list(self._parameters.values())
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self._torch.param_groups[0]["lr"] = learning_rate
        self._torch.step()

    def state(self) -> State:
        """Return copies of the state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        if not isinstance(self._torch, torch.optim.Adam):
            return {}
        slots = {name: self._torch.state[p] for name, p in self._parameters.items()}
        m = {name: to_array(slot["exp_avg"]) for name, slot in slots.items()}
        v = {name: to_array(slot["exp_avg_sq"]) for name, slot in slots.items()}
        t = max((int(slot["step"]) for slot in slots.values()), default=0)
        return under("m", m) | under("v", v) | {"t": np.array(t, np.int64)}

    def load_state(self, state: State) -> None:
        """Take up a checked state."""
        if not isinstance(self._torch, torch.optim.Adam):
            return
        for name, p in self._parameters.items():
            slot = self._torch.state[p]
            copy_into(slot["exp_avg"], state[f"m/{name}"])
            copy_into(slot["exp_avg_sq"], state[f"v/{name}"])
            slot["step"].fill_(int(state["t"]))


def _start(optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> torch.optim.Optimizer:
    """Return torch's optimizer with its state laid out, so that it can be saved at once."""
    tensors = list(parameters.values())
    match optimizer:
        case SGD(learning_rate=rate):
            return torch.optim.SGD(tensors, lr=rate, fused=True)
        case Adam(learning_rate=rate, beta1=beta1, beta2=beta2, epsilon=epsilon):
            found = torch.optim.Adam(tensors, rate, (beta1, beta2), epsilon, fused=True)
            for p in tensors:
                found.state[p] = {
                    "step": torch.zeros((), dtype=torch.float32, device=p.device),
                    "exp_avg": torch.zeros_like(p),
                    "exp_avg_sq": torch.zeros_like(p),
                }
            return found
