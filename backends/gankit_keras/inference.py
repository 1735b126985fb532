"""A network in inference mode, called with arrays."""

from __future__ import annotations

import numpy as np

from gankit.contract import (
    AnyLabels,
    Array,
    LabelFormat,
    Precision,
    Problem,
    State,
    check_state,
)
from gankit.errors import NotPortable
from gankit.functional import inputs_of, noise_gradient
from gankit.layers import input_shapes
from gankit.terms import CLASS
from gankit_keras.framework import Tensor, Variable, compiled, tf
from gankit_keras.networks import Network
from gankit_keras.tensorflow_framework import TensorFlow
from gankit_keras.variables import assign, to_arrays


class Inference:
    """A network with its values, or with those of an average; compiled once for all batch sizes."""

    def __init__(
        self,
        network: Network,
        values: dict[str, Variable],
        framework: TensorFlow,
        device: str | None,
        problem: Problem,
    ) -> None:
        self._network, self._values, self._framework = network, values, framework
        self._problem = problem
        specs = tuple(
            tf.TensorSpec((None, *shape), network.precision)
            for shape in input_shapes(network.inputs)
        )
        inputs = specs if len(specs) > 1 else specs[0]
        self._run = compiled(
            lambda inputs, labels: network.run(values, inputs, labels)[0],
            device,
            inputs,
            label_signature(network.label_format, network.precision),
        )
        self._gradient = compiled(
            self._noise_gradient,
            device,
            inputs,
            label_signature(network.label_format, network.precision),
            tf.TensorSpec((None, *network.outputs), network.precision),
        )

    def __call__(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None = None, /
    ) -> Array:
        """Return images, or `(n,)` logits."""
        outputs = self._outputs(inputs, labels)
        problem, name = self._problem, self._network.name
        return problem.logits_of(name, outputs) if problem.criticises(name) else outputs

    def noise_gradient(
        self,
        inputs: Array | tuple[Array, ...],
        targets: Array,
        labels: AnyLabels | None = None,
        /,
    ) -> tuple[Array, Array]:
        """Return a generator's images, and the gradient of their squared error at the noise."""
        goal = np.asarray(targets, self._network.precision)
        images, gradient = self._gradient(*self._arguments(inputs, labels), goal)
        return images.numpy(), gradient.numpy()

    def classify(self, images: Array, head: str = CLASS, /) -> Array:
        """Return the `(n, size)` outputs of a head; ConfigError without it."""
        columns = self._problem.columns_of(head)
        return self._outputs(images, None)[:, columns]

    def weights(self) -> State:
        """Return copies of the weights by the core's names."""
        if self._network.native:
            raise NotPortable(
                f"the {self._network.name} is a native keras model; "
                "give a spec to move its weights between backends"
            )
        return to_arrays(self._values)

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.weights())
        assign(self._values, weights)

    def _outputs(self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None) -> Array:
        outputs: Array = self._run(*self._arguments(inputs, labels)).numpy()
        return outputs

    def _arguments(
        self, inputs: Array | tuple[Array, ...], labels: AnyLabels | None
    ) -> tuple[Array | tuple[Array, ...], AnyLabels]:
        network = self._network
        arrays = tuple(np.asarray(each, network.precision) for each in inputs_of(inputs))
        classes = network_labels(labels, len(arrays[0]), network.label_format, network.precision)
        return arrays if len(arrays) > 1 else arrays[0], classes

    def _noise_gradient(
        self, inputs: Tensor | tuple[Tensor, ...], labels: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        def generate(inputs: Tensor | tuple[Tensor, ...]) -> Tensor:
            return self._network.run(self._values, inputs, labels)[0]

        position = self._problem.noise_position
        return noise_gradient(self._framework, generate, inputs, targets, position)


def network_labels(
    labels: AnyLabels | None, count: int, label_format: LabelFormat, precision: Precision
) -> AnyLabels:
    """Return validated labels: `(count,)` int64, or vectors; no rows if there are no labels."""
    if not label_format:
        return np.zeros(0, np.int64)
    label_format.check(labels, count)
    return np.asarray(labels, precision if label_format.columns else np.int64)


def label_signature(label_format: LabelFormat, precision: Precision) -> tf.TensorSpec:
    """Return the shape and dtype of labels."""
    if label_format.columns:
        return tf.TensorSpec((None, label_format.columns), precision)
    return tf.TensorSpec((None,), tf.int64)
