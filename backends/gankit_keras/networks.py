"""Networks: tensors in training, arrays at inference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gankit.contract import Array, Labels, State, check_labels, check_state
from gankit.contract.random_streams import Role
from gankit.errors import ConfigError, NotPortable
from gankit_keras.framework import Tensor, Variable, compiled, keras, tf
from gankit_keras.network_spec import NetworkSpec


class Network:
    """A `NetworkSpec` with values: the model's own, or copies of them for an average.

    Called with arrays it runs in inference mode, compiled once for any number of rows.
    """

    def __init__(
        self, spec: NetworkSpec, device: str | None, values: dict[str, Variable] | None = None
    ) -> None:
        self.spec = spec
        self.device = device
        self.values = values or {name: v.value for name, v in spec.variables.items()}
        self._infer = compiled(
            lambda inputs, labels: self.forward(inputs, labels)[0],
            device,
            tf.TensorSpec((None, *spec.inputs), spec.precision),
            tf.TensorSpec((None,), tf.int64),
        )

    @property
    def trainable_weights(self) -> dict[str, Variable]:
        """The trained values, by name."""
        return {name: v for name, v in self.values.items() if name in self.spec.trainable}

    def forward(
        self,
        inputs: Tensor,
        labels: Tensor,
        random: Sequence[Tensor] | None = None,
        halves: int = 1,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the outputs, and by name the running state after this pass, without storing it.

        Parameters
        ----------
        inputs
            `(n, *spec.inputs)`.
        labels
            `(n,)` int64; used only by a class-conditional network.
        random
            A value for each of `spec.random`, in training mode; None at inference.
        halves
            Number of concatenated batches: each has its own batch statistics.
        """
        spec = self.spec
        seeds = random if spec.native and random is not None else [(0, 0)] * len(spec.seeds)
        values = [(spec.variables[k], tf.convert_to_tensor(v)) for k, v in self.values.items()]
        with keras.StatelessScope([*values, *zip(spec.seeds, seeds, strict=True)]) as scope:
            outputs = self._call_model(inputs, labels, random, halves)
        running = {
            name: scope.get_current_value(spec.variables[name])
            for name in self.values
            if name not in spec.trainable
        }
        return tf.reshape(outputs, (-1, *spec.outputs)), running

    def _call_model(
        self, inputs: Tensor, labels: Tensor, random: Sequence[Tensor] | None, halves: int
    ) -> Tensor:
        """Call the model; call a native one for each half, so that each has its own statistics."""
        model, training, call = self.spec.model, random is not None, self.spec.call
        if call is None:
            return model(inputs, labels, masks=random or (), training=training, halves=halves)
        parts = zip(tf.split(inputs, halves), tf.split(labels, halves), strict=True)
        outputs = [call(model, part, own, training=training) for part, own in parts]
        return tf.concat(outputs, axis=0)

    def store(self, running: dict[str, Tensor]) -> None:
        """Store the running state of a pass."""
        for name, value in running.items():
            self.values[name].assign(value)

    def blend(self, other: Network, beta: Tensor) -> None:
        """Blend in the weights of a network with the same spec; copy running state."""
        for name, value in self.values.items():
            if name in self.spec.trainable:
                value.assign_add(tf.cast(1 - beta, value.dtype) * (other.values[name] - value))
            else:
                value.assign(other.values[name])

    def copied(self) -> Network:
        """Return a network with the same spec and copies of its values."""
        copies = {name: tf.Variable(value, trainable=False) for name, value in self.values.items()}
        return Network(self.spec, self.device, copies)

    def __call__(self, inputs: Array, labels: Labels | None = None, /) -> Array:
        """Return the outputs in inference mode: images, or `(n,)` logits."""
        outputs = self._outputs(inputs, labels)
        return outputs if self.spec.role is Role.GENERATOR else outputs[:, 0]

    def classify(self, images: Array, /) -> Array:
        """Return the `(n, classes)` logits of an auxiliary classifier, in inference mode."""
        if self.spec.role is Role.GENERATOR or self.spec.outputs == (1,):
            raise ConfigError("this network has no classifier; set `auxiliary`")
        return self._outputs(images, None)[:, 1:]

    def weights(self) -> State:
        """Return copies of the weights by the core's names."""
        if self.spec.native:
            raise NotPortable(
                f"the {self.spec.role.name.lower()} is a native keras model; "
                "give a spec to move its weights between backends"
            )
        return to_arrays(self.values)

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.weights())
        assign(self.values, weights)

    def _outputs(self, inputs: Array, labels: Labels | None) -> Array:
        classes = network_labels(labels, len(inputs), self.spec.classes)
        outputs: Array = self._infer(np.asarray(inputs, self.spec.precision), classes).numpy()
        return outputs


def network_labels(labels: Labels | None, count: int, classes: int) -> Labels:
    """Return validated labels, `(count,)` int64; no rows without classes."""
    if not classes:
        return np.zeros(0, np.int64)
    check_labels(labels, count, classes)
    return np.asarray(labels, np.int64)


def to_arrays(values: dict[str, Variable]) -> State:
    """Return copies of variables as arrays."""
    return {name: np.array(value.numpy()) for name, value in values.items()}


def assign(values: dict[str, Variable], state: State) -> None:
    """Copy validated arrays into variables of the same names."""
    for name, value in values.items():
        value.assign(np.asarray(state[name], value.dtype.as_numpy_dtype))
