"""Optimizers that write into variables, by the formulas of `gankit.optimizers`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gankit.contract import strip_prefix
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop
from gankit_keras.framework import Tensor, Variable, tf

Variables = dict[str, Variable]
Tensors = Mapping[str, Tensor]


def apply(
    optimizer: Optimizer,
    weights: Variables,
    gradients: Tensors,
    slots: Variables,
    scalars: Tensors,
    /,
) -> tuple[Variables, Variables]:
    """Update the weights and the optimizer's state in place; return both.

    Parameters
    ----------
    optimizer
        Which update.
    weights, gradients
        By the same names.
    slots
        The optimizer's state, as in `gankit.optimizers.initial_state`; "t" in float64.
    scalars
        The network's own float64 scalars: "learning_rate", and "beta2" for Adam.
    """
    match optimizer:
        case SGD():
            _sgd(weights, gradients, scalars)
        case RMSprop():
            _rmsprop(optimizer, weights, gradients, slots, scalars)
        case Adam():
            _adam(optimizer, weights, gradients, slots, scalars)
    if (most := optimizer.clip) is not None:
        for weight in weights.values():
            weight.assign(tf.clip_by_value(weight, -most, most))
    return weights, slots


def _sgd(weights: Variables, gradients: Tensors, scalars: Tensors) -> None:
    for name, weight in weights.items():
        tf.raw_ops.ResourceApplyGradientDescent(
            var=weight.handle,
            alpha=tf.cast(scalars["learning_rate"], weight.dtype),
            delta=gradients[name],
        )


def _rmsprop(
    rmsprop: RMSprop, weights: Variables, gradients: Tensors, slots: Variables, scalars: Tensors
) -> None:
    """Update by TensorFlow's functions: its own operation adds epsilon under the root."""
    decay, epsilon, means = rmsprop.decay, rmsprop.epsilon, strip_prefix(slots, "v")
    for name, weight in weights.items():
        gradient, v = gradients[name], means[name]
        mean = v.assign(decay * v + (1 - decay) * tf.square(gradient))
        rate = tf.cast(scalars["learning_rate"], weight.dtype)
        weight.assign_sub(rate * gradient / (tf.sqrt(mean) + epsilon))


def _adam(
    adam: Adam, weights: Variables, gradients: Tensors, slots: Variables, scalars: Tensors
) -> None:
    """Update by TensorFlow's fused operation (Kingma & Ba 2015, algorithm 1).

    The operation adds its epsilon to sqrt(v) before the bias correction. Both are under the same
    fraction, so epsilon * sqrt(1 - beta2^t) there equals epsilon after the correction.
    """
    t, m, v = slots["t"].assign_add(1), strip_prefix(slots, "m"), strip_prefix(slots, "v")
    dtype = next(iter(weights.values())).dtype
    # The operation computes 1 - beta in its own precision; so do the corrections.
    beta1 = float(np.array(adam.beta1, dtype.as_numpy_dtype))
    beta2 = tf.cast(scalars["beta2"], dtype)
    root = tf.sqrt(1 - tf.pow(tf.cast(beta2, tf.float64), t))
    # TensorFlow flushes smaller numbers to 0; a gradient of 0 would then give 0 / 0.
    smallest = np.finfo(dtype.as_numpy_dtype).smallest_normal
    epsilon = tf.maximum(adam.epsilon * root, tf.constant(smallest, tf.float64))
    correction = 1 - tf.pow(tf.constant(beta1, tf.float64), t)
    rate = scalars["learning_rate"] * root / correction
    for name, weight in weights.items():
        tf.raw_ops.ResourceApplyAdam(
            var=weight.handle,
            m=m[name].handle,
            v=v[name].handle,
            # Powers of zero: the correction is in the rate, computed in float64.
            beta1_power=tf.zeros((), dtype),
            beta2_power=tf.zeros((), dtype),
            lr=tf.cast(rate, dtype),
            beta1=tf.constant(beta1, dtype),
            beta2=beta2,
            epsilon=tf.cast(epsilon, dtype),
            grad=gradients[name],
        )
