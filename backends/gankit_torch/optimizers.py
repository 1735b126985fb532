"""SGD, RMSprop and Adam by torch's own kernels, whose formulas are `gankit.optimizers`' own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gankit.backend import State
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop
from gankit.state import part, under
from gankit_torch.tensors import copy_into, to_array

SLOTS: dict[type[Optimizer], dict[str, str]] = {
    SGD: {},
    RMSprop: {"v": "square_avg"},
    Adam: {"m": "exp_avg", "v": "exp_avg_sq"},
}
"""What each keeps per weight: the core's name and torch's."""


class Updater:
    """An optimizer at work on one player's parameters, `{"0.kernel": ...}`."""

    def __init__(self, optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> None:
        self._optimizer = optimizer
        self._parameters = dict(parameters)
        self._slots = SLOTS[type(optimizer)]
        self._torch = _start(optimizer, list(self._parameters.values()))

    def update(self, loss: Tensor, rates: Mapping[str, float]) -> None:
        """Move the parameters against the loss's gradient; no other gradient is taken.

        `rates` are the player's own: "learning_rate", and Adam's "beta2".
        """
        parameters = list(self._parameters.values())
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = _laid_like(parameter, gradient)
        (group,) = self._torch.param_groups
        group["lr"] = rates["learning_rate"]
        if isinstance(self._optimizer, Adam):
            group["betas"] = (self._optimizer.beta1, rates["beta2"])
        self._torch.step()
        if self._optimizer.clip is not None:
            _clip(parameters, self._optimizer.clip)

    def state(self) -> State:
        """Return copies of the state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        kept = {name: self._torch.state[p] for name, p in self._parameters.items()}
        state: State = {}
        for role, slot in self._slots.items():
            state |= under(role, {name: to_array(slots[slot]) for name, slots in kept.items()})
        if isinstance(self._optimizer, Adam):
            t = max((int(slots["step"]) for slots in kept.values()), default=0)
            state["t"] = np.array(t, np.int64)
        return state

    def load_state(self, state: State) -> None:
        """Take up a checked state."""
        for role, slot in self._slots.items():
            for name, array in part(state, role).items():
                copy_into(self._torch.state[self._parameters[name]][slot], array)
        if isinstance(self._optimizer, Adam):
            for p in self._parameters.values():
                self._torch.state[p]["step"].fill_(int(state["t"]))


def _start(optimizer: Optimizer, tensors: list[Tensor]) -> torch.optim.Optimizer:
    """Return torch's optimizer with its state laid out, so that it can be saved at once.

    Its learning rate and second beta are set before every update.
    """
    found: torch.optim.Optimizer
    match optimizer:
        case SGD():
            return torch.optim.SGD(tensors, 0.0, fused=True)
        case RMSprop(decay=decay, epsilon=epsilon):
            found = torch.optim.RMSprop(tensors, 0.0, decay, epsilon)
        case Adam(beta1=beta1, epsilon=epsilon):
            found = torch.optim.Adam(tensors, 0.0, (beta1, 0.0), epsilon, fused=True)
    for p in tensors:
        found.state[p] = {
            "step": torch.zeros((), dtype=torch.float32, device=p.device),
            **{slot: torch.zeros_like(p) for slot in SLOTS[type(optimizer)].values()},
        }
    return found


def _laid_like(parameter: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient in its parameter's strides: fused kernels go by memory, unchecked."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


@torch.no_grad()
def _clip(parameters: list[Tensor], most: float) -> None:
    for parameter in parameters:
        parameter.clamp_(-most, most)
