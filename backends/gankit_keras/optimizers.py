"""Optimizers on variables, by the formulas of `gankit.optimizers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gankit.contract import Precision, add_prefix
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop
from gankit_keras.framework import Tensor, Variable, tf

Variables = dict[str, Variable]
Tensors = Mapping[str, Tensor]


class Updater(Protocol):
    """An optimizer of one network's weights."""

    def state(self) -> Variables:
        """Return the live state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        ...

    def update(self, weights: Variables, gradients: Tensors, rates: Tensors) -> None:
        """Update the weights in place; `rates` are the network's own float64 scalars."""
        ...


class SGDUpdater:
    """Plain gradient descent, without state."""

    def state(self) -> Variables:
        """Return an empty state."""
        return {}

    def update(self, weights: Variables, gradients: Tensors, rates: Tensors) -> None:
        """Subtract each weight's gradient, times the learning rate."""
        for name, weight in weights.items():
            tf.raw_ops.ResourceApplyGradientDescent(
                var=weight.handle,
                alpha=tf.cast(rates["learning_rate"], weight.dtype),
                delta=gradients[name],
            )


class RMSpropUpdater:
    """RMSprop with epsilon outside the root; TensorFlow's own adds it under the root."""

    def __init__(self, rmsprop: RMSprop, weights: Variables) -> None:
        self.rmsprop = rmsprop
        self.v = _zeros(weights)

    def state(self) -> Variables:
        """Return the mean squares."""
        return add_prefix("v", self.v)

    def update(self, weights: Variables, gradients: Tensors, rates: Tensors) -> None:
        """Update the mean squares, then the weights."""
        decay, epsilon = self.rmsprop.decay, self.rmsprop.epsilon
        for name, weight in weights.items():
            gradient, v = gradients[name], self.v[name]
            mean = v.assign(decay * v + (1 - decay) * tf.square(gradient))
            rate = tf.cast(rates["learning_rate"], weight.dtype)
            weight.assign_sub(rate * gradient / (tf.sqrt(mean) + epsilon))


class AdamUpdater:
    """Kingma & Ba 2015, Algorithm 1, by TensorFlow's fused operation.

    The operation adds its epsilon to sqrt(v) before the bias correction. Both are under the same
    fraction, so epsilon * sqrt(1 - beta2^t) there equals epsilon after the correction.
    """

    def __init__(self, adam: Adam, weights: Variables, precision: Precision) -> None:
        self.epsilon = adam.epsilon
        self.precision = precision
        self.beta1 = float(np.array(adam.beta1, precision))
        self.m, self.v = _zeros(weights), _zeros(weights)
        self.t = tf.Variable(0, dtype=tf.int64)

    def state(self) -> Variables:
        """Return both moments and the number of updates."""
        return add_prefix("m", self.m) | add_prefix("v", self.v) | {"t": self.t}

    def update(self, weights: Variables, gradients: Tensors, rates: Tensors) -> None:
        """Update the moments, then the weights."""
        t = tf.cast(self.t.assign_add(1), tf.float64)
        # The operation computes 1 - beta in its own precision; so do the corrections.
        beta2 = tf.cast(rates["beta2"], self.precision)
        root = tf.sqrt(1 - tf.pow(tf.cast(beta2, tf.float64), t))
        # TensorFlow flushes smaller numbers to 0; a gradient of 0 would then give 0 / 0.
        epsilon = tf.maximum(self.epsilon * root, np.finfo(self.precision).smallest_normal)
        correction = 1 - tf.pow(tf.constant(self.beta1, tf.float64), t)
        rate = rates["learning_rate"] * root / correction
        for name, weight in weights.items():
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=self.m[name].handle,
                v=self.v[name].handle,
                # Powers of zero: the correction is in the rate, computed in float64.
                beta1_power=tf.zeros((), weight.dtype),
                beta2_power=tf.zeros((), weight.dtype),
                lr=tf.cast(rate, weight.dtype),
                beta1=tf.constant(self.beta1, weight.dtype),
                beta2=beta2,
                epsilon=tf.cast(epsilon, weight.dtype),
                grad=gradients[name],
            )


@dataclass(frozen=True)
class Clipping:
    """An updater that clips the weights to [-limit, limit] after each update of another."""

    updater: Updater
    limit: float

    def state(self) -> Variables:
        """Return the state of the other updater."""
        return self.updater.state()

    def update(self, weights: Variables, gradients: Tensors, rates: Tensors) -> None:
        """Update the weights, then clip them."""
        self.updater.update(weights, gradients, rates)
        for weight in weights.values():
            weight.assign(tf.clip_by_value(weight, -self.limit, self.limit))


def updater(optimizer: Optimizer, weights: Variables, precision: Precision) -> Updater:
    """Return the updater of `optimizer` for these weights."""
    unclipped = _unclipped(optimizer, weights, precision)
    return unclipped if optimizer.clip is None else Clipping(unclipped, optimizer.clip)


def _unclipped(optimizer: Optimizer, weights: Variables, precision: Precision) -> Updater:
    match optimizer:
        case SGD():
            return SGDUpdater()
        case RMSprop():
            return RMSpropUpdater(optimizer, weights)
        case Adam():
            return AdamUpdater(optimizer, weights, precision)


def _zeros(weights: Variables) -> Variables:
    return {name: tf.Variable(tf.zeros_like(weight)) for name, weight in weights.items()}
