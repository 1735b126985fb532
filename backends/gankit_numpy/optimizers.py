"""SGD, RMSprop and Adam on arrays, by the formulas of `gankit.optimizers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from gankit.contract import State, strip_prefix
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop


class Updater(Protocol):
    """An optimizer of one network's weights."""

    def update(self, weights: State, gradients: State, scalars: Mapping[str, float]) -> None:
        """Update the weights in place; `scalars` are the network's "learning_rate" and "beta2"."""
        ...


class SGDUpdater:
    """Plain gradient descent, without state."""

    def update(self, weights: State, gradients: State, scalars: Mapping[str, float]) -> None:
        """Subtract each weight's gradient, times the learning rate."""
        for name, gradient in gradients.items():
            weights[name] -= scalars["learning_rate"] * gradient


class RMSpropUpdater:
    """Tieleman & Hinton 2012, lecture 6.5."""

    def __init__(self, rmsprop: RMSprop, state: State) -> None:
        self.rmsprop = rmsprop
        self.v = strip_prefix(state, "v")

    def update(self, weights: State, gradients: State, scalars: Mapping[str, float]) -> None:
        """Update the mean squares, then the weights."""
        for name, gradient in gradients.items():
            v = self.v[name]
            v += (1 - self.rmsprop.decay) * (gradient * gradient - v)
            step = gradient / (np.sqrt(v) + self.rmsprop.epsilon)
            weights[name] -= scalars["learning_rate"] * step


class AdamUpdater:
    """Kingma & Ba 2015, Algorithm 1."""

    def __init__(self, adam: Adam, state: State) -> None:
        self.adam = adam
        self.m, self.v, self.t = strip_prefix(state, "m"), strip_prefix(state, "v"), state["t"]

    def update(self, weights: State, gradients: State, scalars: Mapping[str, float]) -> None:
        """Update the moments, then the weights."""
        self.t += 1
        beta1, beta2 = self.adam.beta1, scalars["beta2"]
        rate = scalars["learning_rate"] / (1 - beta1 ** int(self.t))
        for name, gradient in gradients.items():
            m, v = self.m[name], self.v[name]
            m += (1 - beta1) * (gradient - m)
            v += (1 - beta2) * (gradient * gradient - v)
            denominator = np.sqrt(v / (1 - beta2 ** int(self.t)))
            denominator += self.adam.epsilon
            weights[name] -= rate * (m / denominator)


def updater(optimizer: Optimizer, state: State) -> Updater:
    """Return an updater that applies `optimizer` and updates `state` in place."""
    match optimizer:
        case SGD():
            return SGDUpdater()
        case RMSprop():
            return RMSpropUpdater(optimizer, state)
        case Adam():
            return AdamUpdater(optimizer, state)


def clip(weights: State, limit: float | None) -> None:
    """Clip every weight to [-limit, limit], in place; None changes nothing."""
    if limit is not None:
        for weight in weights.values():
            np.clip(weight, -limit, limit, out=weight)
