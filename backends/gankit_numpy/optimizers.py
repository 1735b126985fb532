"""SGD, RMSprop and Adam on arrays, by the formulas of `gankit.optimizers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from gankit.contract import State, strip_prefix
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop


class Updater(Protocol):
    """An optimizer at work on one network's weights."""

    def update(self, weights: State, gradients: State, rates: Mapping[str, float]) -> None:
        """Move the weights, in place; `rates` are the update's "learning_rate" and "beta2"."""
        ...


class SGDUpdater:
    """Plain gradient descent, which remembers nothing."""

    def update(self, weights: State, gradients: State, rates: Mapping[str, float]) -> None:
        """Move each weight against its gradient."""
        for name, gradient in gradients.items():
            weights[name] -= rates["learning_rate"] * gradient


class RMSpropUpdater:
    """Tieleman & Hinton 2012, lecture 6.5."""

    def __init__(self, rmsprop: RMSprop, kept: State) -> None:
        self.rmsprop = rmsprop
        self.v = strip_prefix(kept, "v")

    def update(self, weights: State, gradients: State, rates: Mapping[str, float]) -> None:
        """Move the mean squares, then the weights."""
        for name, gradient in gradients.items():
            v = self.v[name]
            v += (1 - self.rmsprop.decay) * (gradient * gradient - v)
            step = gradient / (np.sqrt(v) + self.rmsprop.epsilon)
            weights[name] -= rates["learning_rate"] * step


class AdamUpdater:
    """Kingma & Ba 2015, Algorithm 1."""

    def __init__(self, adam: Adam, kept: State) -> None:
        self.adam = adam
        self.m, self.v, self.t = strip_prefix(kept, "m"), strip_prefix(kept, "v"), kept["t"]

    def update(self, weights: State, gradients: State, rates: Mapping[str, float]) -> None:
        """Move the moments, then the weights."""
        self.t += 1
        beta1, beta2 = self.adam.beta1, rates["beta2"]
        rate = rates["learning_rate"] / (1 - beta1 ** int(self.t))
        for name, gradient in gradients.items():
            m, v = self.m[name], self.v[name]
            m += (1 - beta1) * (gradient - m)
            v += (1 - beta2) * (gradient * gradient - v)
            denominator = np.sqrt(v / (1 - beta2 ** int(self.t)))
            denominator += self.adam.epsilon
            weights[name] -= rate * (m / denominator)


def updater(optimizer: Optimizer, kept: State) -> Updater:
    """Return what applies `optimizer`, and changes in place what is kept of each weight."""
    match optimizer:
        case SGD():
            return SGDUpdater()
        case RMSprop():
            return RMSpropUpdater(optimizer, kept)
        case Adam():
            return AdamUpdater(optimizer, kept)


def clip(weights: State, most: float | None) -> None:
    """Clip every weight to [-most, most], in place, where that is asked for."""
    if most is not None:
        for weight in weights.values():
            np.clip(weight, -most, most, out=weight)
