"""SGD and Adam by TensorFlow's fused kernels, fed so that they follow `gankit.optimizers`."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from gankit.backend import State
from gankit.optimizers import SGD, Adam, Optimizer
from gankit.state import under
from gankit_keras.tensors import Tensor, Variables, assign, to_arrays, zeros_like


class Updater:
    """An optimizer at work on one player's variables, `{"0.kernel": ...}`."""

    def __init__(self, optimizer: Optimizer, variables: Variables) -> None:
        self._optimizer = optimizer
        self._variables = variables
        self._state: Variables = {}
        if isinstance(optimizer, Adam):
            self._m, self._v = zeros_like(variables), zeros_like(variables)
            self._t = tf.Variable(0, dtype=tf.int64, trainable=False)
            self._state = under("m", self._m) | under("v", self._v) | {"t": self._t}

    def update(self, gradients: Sequence[Tensor], learning_rate: Tensor) -> None:
        """Move the variables against the gradients, which come in their order."""
        match self._optimizer:
            case SGD():
                self._descend(gradients, learning_rate)
            case Adam() as adam:
                self._adapt(adam, gradients, learning_rate)

    def state(self) -> State:
        """Return copies of the state: "m/0.kernel", "v/0.kernel", "t"; nothing for SGD."""
        return to_arrays(self._state)

    def load_state(self, state: State) -> None:
        """Take up a checked state."""
        assign(self._state, state)

    def _descend(self, gradients: Sequence[Tensor], learning_rate: Tensor) -> None:
        for variable, gradient in zip(self._variables.values(), gradients, strict=True):
            alpha = tf.cast(learning_rate, variable.dtype)
            tf.raw_ops.ResourceApplyGradientDescent(
                var=variable.handle, alpha=alpha, delta=gradient
            )

    def _adapt(self, adam: Adam, gradients: Sequence[Tensor], learning_rate: Tensor) -> None:
        """Run TensorFlow's Adam, with both bias corrections made beforehand.

        Its epsilon is added to sqrt(v), not to sqrt(v / (1 - beta2^t)): epsilon and the learning
        rate times sqrt(1 - beta2^t) give the core's formula. Powers of zero turn its own
        correction off, which in float32 would lose digits.
        """
        t = tf.cast(self._t.assign_add(1), tf.float64)
        corrected = tf.sqrt(1 - tf.constant(adam.beta2, tf.float64) ** t)
        rate = learning_rate * corrected / (1 - tf.constant(adam.beta1, tf.float64) ** t)
        epsilon = adam.epsilon * corrected
        for (name, variable), gradient in zip(self._variables.items(), gradients, strict=True):
            dtype = variable.dtype
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._m[name].handle,
                v=self._v[name].handle,
                beta1_power=tf.zeros((), dtype),
                beta2_power=tf.zeros((), dtype),
                lr=tf.cast(rate, dtype),
                beta1=tf.constant(adam.beta1, dtype),
                beta2=tf.constant(adam.beta2, dtype),
                epsilon=tf.cast(epsilon, dtype),
                grad=gradient,
            )
