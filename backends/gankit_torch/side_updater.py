"""The optimizers of one side's networks."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gankit.contract import Problem, State, add_prefix, strip_prefix
from gankit.functional import Sums
from gankit.terms import Side
from gankit_torch.networks import Network
from gankit_torch.optimizers import Updater


class SideUpdater:
    """Moves the networks of one side by the gradient of its loss; each has its own optimizer.

    With native networks, a loss that depends on no parameter is an error.
    """

    def __init__(
        self, problem: Problem, side: Side, networks: Mapping[str, Network], sums: Sums
    ) -> None:
        own = {name: networks[name] for name in problem.networks_of(side)}
        self._side, self._sums = side, sums
        self._native = any(network.native for network in own.values())
        self._parameters = {name: network.parameters for name, network in own.items()}
        self._updaters = {
            name: Updater(problem.optimizer_of(name), parameters)
            for name, parameters in self._parameters.items()
        }

    def update(self, loss: Tensor, scalars: Mapping[str, float]) -> None:
        """Update the parameters by the loss's gradient; no other gradient is computed.

        `scalars` are those of the update; the side's own are "SIDE/learning_rate" and "SIDE/beta2".
        """
        flat = {
            f"{name}/{key}": parameter
            for name, parameters in self._parameters.items()
            for key, parameter in parameters.items()
        }
        gradients = torch.autograd.grad(loss, list(flat.values()), allow_unused=True)
        if self._native and all(gradient is None for gradient in gradients):
            raise RuntimeError("the loss depends on none of its weights; does it detach them?")
        dense = self._sums.summed(
            {
                name: _match_strides(parameter, gradient)
                for (name, parameter), gradient in zip(flat.items(), gradients, strict=True)
            }
        )
        own = strip_prefix(scalars, self._side)
        for name, updater in self._updaters.items():
            updater.update(list(strip_prefix(dense, name).values()), own)

    def state(self) -> State:
        """Return copies of the optimizers' states, each under its network's name."""
        state: State = {}
        for name, updater in self._updaters.items():
            state |= add_prefix(name, updater.state())
        return state

    def load_state(self, state: State) -> None:
        """Load a validated state, with the names of `state`."""
        for name, updater in self._updaters.items():
            updater.load_state(strip_prefix(state, name))


def _match_strides(parameter: Tensor, gradient: Tensor | None) -> Tensor:
    """Return the gradient in its parameter's strides: fused kernels need equal strides, unchecked.

    It is zero if the loss does not depend on the parameter.
    """
    if gradient is None:
        return torch.zeros_like(parameter)
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
