"""SGD and Adam on variables, by the formulas of `gankit.optimizers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from gankit.optimizers import SGD, Adam, Optimizer
from gankit.problem import Precision
from gankit.state import under
from gankit_keras.framework import Tensor, Variable, tf

Variables = dict[str, Variable]


class Updater(Protocol):
    """An optimizer at work on one network's weights."""

    def state(self) -> Variables:
        """Return the live state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        ...

    def update(
        self, weights: Variables, gradients: Mapping[str, Tensor], learning_rate: Tensor
    ) -> None:
        """Move the weights, in place; the learning rate is a float64 scalar."""
        ...


class SGDUpdater:
    """Plain gradient descent, which remembers nothing."""

    def state(self) -> Variables:
        """Return nothing."""
        return {}

    def update(
        self, weights: Variables, gradients: Mapping[str, Tensor], learning_rate: Tensor
    ) -> None:
        """Move each weight against its gradient."""
        for name, weight in weights.items():
            tf.raw_ops.ResourceApplyGradientDescent(
                var=weight.handle,
                alpha=tf.cast(learning_rate, weight.dtype),
                delta=gradients[name],
            )


class AdamUpdater:
    """Kingma & Ba 2015, Algorithm 1, by TensorFlow's operation that passes over a weight once.

    The operation adds its epsilon to sqrt(v) before the bias correction. Both stand under the
    same fraction, so epsilon * sqrt(1 - beta2^t) there is epsilon after the correction.
    """

    def __init__(self, adam: Adam, weights: Variables, precision: Precision) -> None:
        self.epsilon = adam.epsilon
        # The operation computes 1 - beta in its own precision; the corrections follow it there.
        self.beta1, self.beta2 = (float(np.array(b, precision)) for b in (adam.beta1, adam.beta2))
        self.m = {name: tf.Variable(tf.zeros_like(weight)) for name, weight in weights.items()}
        self.v = {name: tf.Variable(tf.zeros_like(weight)) for name, weight in weights.items()}
        self.t = tf.Variable(0, dtype=tf.int64)

    def state(self) -> Variables:
        """Return both moments and the number of updates."""
        return under("m", self.m) | under("v", self.v) | {"t": self.t}

    def update(
        self, weights: Variables, gradients: Mapping[str, Tensor], learning_rate: Tensor
    ) -> None:
        """Move the moments, then the weights."""
        t = tf.cast(self.t.assign_add(1), tf.float64)
        root = tf.sqrt(1 - tf.pow(tf.constant(self.beta2, tf.float64), t))
        rate = learning_rate * root / (1 - tf.pow(tf.constant(self.beta1, tf.float64), t))
        for name, weight in weights.items():
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=self.m[name].handle,
                v=self.v[name].handle,
                # Powers of zero: the correction stands in the rate, worked out in float64.
                beta1_power=tf.zeros((), weight.dtype),
                beta2_power=tf.zeros((), weight.dtype),
                lr=tf.cast(rate, weight.dtype),
                beta1=tf.constant(self.beta1, weight.dtype),
                beta2=tf.constant(self.beta2, weight.dtype),
                epsilon=tf.cast(self.epsilon * root, weight.dtype),
                grad=gradients[name],
            )


def updater(optimizer: Optimizer, weights: Variables, precision: Precision) -> Updater:
    """Return what applies `optimizer` to weights like these."""
    match optimizer:
        case SGD():
            return SGDUpdater()
        case Adam():
            return AdamUpdater(optimizer, weights, precision)
