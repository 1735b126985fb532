"""SGD and Adam on arrays, by the formulas of `gankit.optimizers`."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from gankit.backend import State
from gankit.optimizers import SGD, Adam, Optimizer
from gankit.state import under


class Updater(Protocol):
    """An optimizer at work on one network's weights."""

    def state(self) -> State:
        """Return the live state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        ...

    def update(self, weights: State, gradients: State, learning_rate: float) -> None:
        """Move the weights, in place."""
        ...


class SGDUpdater:
    """Plain gradient descent, which remembers nothing."""

    def state(self) -> State:
        """Return nothing."""
        return {}

    def update(self, weights: State, gradients: State, learning_rate: float) -> None:
        """Move each weight against its gradient."""
        for name, gradient in gradients.items():
            weights[name] -= learning_rate * gradient


class AdamUpdater:
    """Kingma & Ba 2015, Algorithm 1."""

    def __init__(self, adam: Adam, weights: State) -> None:
        self.adam = adam
        self.m = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.v = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.t = np.zeros((), np.int64)

    def state(self) -> State:
        """Return both moments and the number of updates."""
        return under("m", self.m) | under("v", self.v) | {"t": self.t}

    def update(self, weights: State, gradients: State, learning_rate: float) -> None:
        """Move the moments, then the weights."""
        self.t += 1
        beta1, beta2 = self.adam.beta1, self.adam.beta2
        for name, gradient in gradients.items():
            m, v = self.m[name], self.v[name]
            m += (1 - beta1) * (gradient - m)
            v += (1 - beta2) * (gradient * gradient - v)
            denominator = np.sqrt(v / (1 - beta2 ** int(self.t)))
            denominator += self.adam.epsilon
            weights[name] -= learning_rate / (1 - beta1 ** int(self.t)) * (m / denominator)


def updater(optimizer: Optimizer, weights: State) -> Updater:
    """Return what applies `optimizer` to weights like these."""
    match optimizer:
        case SGD():
            return SGDUpdater()
        case Adam():
            return AdamUpdater(optimizer, weights)
