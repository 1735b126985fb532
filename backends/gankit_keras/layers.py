"""Specs as Keras models, by the formulas of `gankit.layers`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gankit.contract import Precision
from gankit.contract.random_streams import keep_chance
from gankit.layers import (
    AveragePool,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Projection,
    ReLU,
    Reshape,
    Residual,
    Shape,
    Sigmoid,
    Spec,
    Tanh,
    Upsample,
    is_running,
    weight_shapes,
)
from gankit_keras import images, norms
from gankit_keras.framework import Tensor, keras, tf

Weighted = Dense | Conv | ConvTranspose | Projection


class SpecModel(keras.Model):  # type: ignore[misc]
    """The layers of a spec in sequence; Keras stores their arrays under the core's names."""

    def __init__(self, spec: Spec, inputs: Shape, classes: int, dtype: Precision) -> None:
        super().__init__(dtype=dtype)
        self.spec = spec
        self.arrays = {
            name: self.add_weight(size, "zeros", name=name, trainable=not is_running(name))
            for name, size in weight_shapes(spec, inputs, classes).items()
        }
        self.built = True

    def call(
        self,
        inputs: Tensor,
        labels: Tensor = None,
        kept: Iterable[Tensor] = (),
        training: bool = False,
        halves: int = 1,
    ) -> Tensor:
        """Return the outputs; in training mode `kept` contains a mask for each dropout layer."""
        arrays = {name: variable.value for name, variable in self.arrays.items()}
        one = Pass(arrays, labels, iter(kept), training, halves)
        outputs = one.run(self.spec, inputs)
        for name, value in one.running.items():
            self.arrays[name].assign(value)
        return outputs


@dataclass(frozen=True)
class Pass:
    """One forward pass of a spec.

    Attributes
    ----------
    arrays
        Weights and running state, by name.
    labels
        `(n,)` int64, if a layer is class-conditional.
    kept
        The masks of the remaining dropout layers.
    training
        Whether layers use batch statistics.
    halves
        Number of concatenated batches, fakes and reals: each has its own batch statistics.
    running
        The running state after this pass.
    """

    arrays: Mapping[str, Tensor]
    labels: Tensor
    kept: Iterator[Tensor]
    training: bool
    halves: int = 1
    running: dict[str, Tensor] = field(default_factory=dict)

    def run(self, spec: Spec, inputs: Tensor, prefix: str = "") -> Tensor:
        """Return the outputs of layers whose names begin with `prefix`."""
        for position, layer in enumerate(spec):
            inputs = self._apply(layer, inputs, f"{prefix}{position}")
        return inputs

    def _apply(self, layer: Layer, inputs: Tensor, name: str) -> Tensor:
        match layer:
            case Dense():
                return self._biased(layer, inputs @ self._kernel(layer, name), name)
            case Conv():
                made = images.convolve(layer, inputs, self._kernel(layer, name))
                return self._biased(layer, made, name)
            case ConvTranspose():
                made = images.convolve_transposed(layer, inputs, self._kernel(layer, name))
                return self._biased(layer, made, name)
            case Projection():
                return self._project(layer, inputs, name)
            case Embedding():
                return self._embed(inputs, name)
            case BatchNorm():
                return self._batch_norm(layer, inputs, name)
            case LayerNorm(epsilon=epsilon):
                axes = list(range(1, inputs.shape.rank))
                moments = norms.moments(inputs, axes)
                return norms.normalise(inputs, moments, self._affine(name), epsilon)
            case Residual(layers=layers, shortcut=shortcut):
                made = self.run(layers, inputs, f"{name}.layers.")
                return made + self.run(shortcut, inputs, f"{name}.shortcut.")
            case Dropout(rate=rate):
                return _drop(inputs, next(self.kept), rate) if self.training else inputs
        return _plain(layer, inputs)

    def _kernel(self, layer: Weighted, name: str, role: str = "kernel") -> Tensor:
        """Return the layer's kernel, or its embedding, with spectral norm if it has that."""
        kernel, vector = self.arrays[f"{name}.{role}"], f"{name}.{role}_u"
        if not layer.spectral:
            return kernel
        u = self.arrays[vector]
        if self.training:
            u = self.running[vector] = norms.power_iteration(kernel, u)
        return norms.spectral(kernel, u)

    def _biased(self, layer: Weighted, made: Tensor, name: str) -> Tensor:
        return tf.nn.bias_add(made, self.arrays[f"{name}.bias"]) if layer.bias else made

    def _project(self, layer: Projection, inputs: Tensor, name: str) -> Tensor:
        made = self._biased(layer, inputs @ self._kernel(layer, name), name)
        vectors = self._rows(self._kernel(layer, name, "embedding"))
        return made + tf.reduce_sum(inputs * vectors, axis=1, keepdims=True)

    def _embed(self, inputs: Tensor, name: str) -> Tensor:
        vectors = self._rows(self.arrays[f"{name}.embedding"])
        size, units = tf.shape(inputs), vectors.shape[-1]
        ones = [1] * (inputs.shape.rank - 2)
        everywhere = tf.concat([size[:-1], [units]], axis=0)
        vectors = tf.broadcast_to(tf.reshape(vectors, (-1, *ones, units)), everywhere)
        return tf.concat([inputs, vectors], axis=-1)

    def _rows(self, embedding: Tensor) -> Tensor:
        """Return each label's row; as a product, whose gradients are dense and differentiable."""
        return tf.one_hot(self.labels, embedding.shape[0], dtype=embedding.dtype) @ embedding

    def _batch_norm(self, layer: BatchNorm, inputs: Tensor, name: str) -> Tensor:
        known = self.arrays[f"{name}.mean"], self.arrays[f"{name}.variance"]
        if not self.training:
            return norms.normalise(inputs, known, self._affine(name), layer.epsilon)
        apart = tf.reshape(inputs, (self.halves, -1, *inputs.shape[1:]))
        moments = norms.moments(apart, list(range(1, apart.shape.rank - 1)))
        for role, old, halves in zip(("mean", "variance"), known, moments, strict=True):
            batch = tf.reduce_mean(tf.reshape(halves, (self.halves, -1)), axis=0)
            moved = layer.momentum * old + (1 - layer.momentum) * batch
            self.running[f"{name}.{role}"] = tf.stop_gradient(moved)
        made = norms.normalise(apart, moments, self._affine(name), layer.epsilon)
        return tf.reshape(made, (-1, *inputs.shape[1:]))

    def _affine(self, name: str) -> tuple[Tensor, Tensor]:
        return self.arrays[f"{name}.gamma"], self.arrays[f"{name}.beta"]


def _plain(layer: Layer, inputs: Tensor) -> Tensor:
    """Return the value of a layer without arrays that is equal in training and inference."""
    match layer:
        case LeakyReLU(slope=slope):
            return _leaky(inputs, slope)
        case ReLU():
            return tf.nn.relu(inputs)
        case Tanh():
            return tf.tanh(inputs)
        case Sigmoid():
            return tf.sigmoid(inputs)
        case Upsample(factor=factor):
            return images.upsample(inputs, factor)
        case AveragePool(size=size):
            return images.average_pool(inputs, size)
        case Flatten():
            return tf.reshape(inputs, (-1, inputs.shape[1:].num_elements()))
        case Reshape(shape=shape):
            return tf.reshape(inputs, (-1, *shape))
    raise TypeError(f"got layer {layer!r}; expected one of gankit.layers")


def _leaky(inputs: Tensor, slope: float) -> Tensor:
    """Return `max(x, slope * x)` with an explicit derivative; TensorFlow's is slow."""

    def forward(inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs = tf.maximum(inputs, slope * inputs)
        # For slopes in [0, 1] the outputs are positive if the inputs are.
        return outputs, lambda pull: tf.where(outputs > 0, pull, slope * pull)

    return tf.custom_gradient(forward)(inputs)


def _drop(inputs: Tensor, kept: Tensor, rate: float) -> Tensor:
    """Return the inputs that are `kept`, bool of the same shape, scaled; zero for the rest."""
    return inputs * (tf.cast(kept, inputs.dtype) * (1 / keep_chance(rate)))
