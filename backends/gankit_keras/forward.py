"""One forward pass of a network: each layer's outputs, by the formulas of `gankit.layers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
    Sigmoid,
    Spec,
    Tanh,
    Upsample,
)
from gankit_keras import image_layers, norms, spectral_norm
from gankit_keras.framework import Tensor, tf

Weighted = Dense | Conv | ConvTranspose | Projection


@dataclass(frozen=True)
class ForwardPass:
    """One forward pass of a spec.

    Attributes
    ----------
    arrays
        Weights and running state, by name.
    labels
        `(n,)` int64, if a layer is class-conditional.
    masks
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
    masks: Iterator[Tensor]
    training: bool
    halves: int = 1
    running: dict[str, Tensor] = field(default_factory=dict)

    def run(self, spec: Spec, inputs: Tensor, prefix: str = "") -> Tensor:
        """Return the outputs of the layers of `spec`, whose names begin with `prefix`."""
        for position, layer in enumerate(spec):
            inputs = self._apply(layer, inputs, f"{prefix}{position}")
        return inputs

    def _apply(self, layer: Layer, inputs: Tensor, name: str) -> Tensor:
        match layer:
            case Dense():
                return self._add_bias(layer, inputs @ self._kernel(layer, name), name)
            case Conv():
                outputs = image_layers.convolve(layer, inputs, self._kernel(layer, name))
                return self._add_bias(layer, outputs, name)
            case ConvTranspose():
                outputs = image_layers.convolve_transposed(layer, inputs, self._kernel(layer, name))
                return self._add_bias(layer, outputs, name)
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
                outputs = self.run(layers, inputs, f"{name}.layers.")
                return outputs + self.run(shortcut, inputs, f"{name}.shortcut.")
            case Dropout(rate=rate):
                return _drop(inputs, next(self.masks), rate) if self.training else inputs
        return _apply_without_weights(layer, inputs)

    def _kernel(self, layer: Weighted, name: str, weight: str = "kernel") -> Tensor:
        """Return the layer's kernel or embedding; spectrally normalised if `layer.spectral`."""
        kernel, vector = self.arrays[f"{name}.{weight}"], f"{name}.{weight}_u"
        if not layer.spectral:
            return kernel
        u = self.arrays[vector]
        if self.training:
            u = self.running[vector] = spectral_norm.power_iteration(kernel, u)
        return spectral_norm.spectral_normalize(kernel, u)

    def _add_bias(self, layer: Weighted, outputs: Tensor, name: str) -> Tensor:
        return tf.nn.bias_add(outputs, self.arrays[f"{name}.bias"]) if layer.bias else outputs

    def _project(self, layer: Projection, inputs: Tensor, name: str) -> Tensor:
        outputs = self._add_bias(layer, inputs @ self._kernel(layer, name), name)
        vectors = self._rows(self._kernel(layer, name, "embedding"))
        return outputs + tf.reduce_sum(inputs * vectors, axis=1, keepdims=True)

    def _embed(self, inputs: Tensor, name: str) -> Tensor:
        vectors = self._rows(self.arrays[f"{name}.embedding"])
        size, units = tf.shape(inputs), vectors.shape[-1]
        ones = [1] * (inputs.shape.rank - 2)
        shape = tf.concat([size[:-1], [units]], axis=0)
        at_pixels = tf.broadcast_to(tf.reshape(vectors, (-1, *ones, units)), shape)
        return tf.concat([inputs, at_pixels], axis=-1)

    def _rows(self, embedding: Tensor) -> Tensor:
        """Return each label's row, as a product: its gradients are dense and differentiable."""
        return tf.one_hot(self.labels, embedding.shape[0], dtype=embedding.dtype) @ embedding

    def _batch_norm(self, layer: BatchNorm, inputs: Tensor, name: str) -> Tensor:
        running = self.arrays[f"{name}.mean"], self.arrays[f"{name}.variance"]
        if not self.training:
            return norms.normalise(inputs, running, self._affine(name), layer.epsilon)
        halves = tf.reshape(inputs, (self.halves, -1, *inputs.shape[1:]))
        moments = norms.moments(halves, list(range(1, halves.shape.rank - 1)))
        for statistic, old, new in zip(("mean", "variance"), running, moments, strict=True):
            batch = tf.reduce_mean(tf.reshape(new, (self.halves, -1)), axis=0)
            blend = layer.momentum * old + (1 - layer.momentum) * batch
            self.running[f"{name}.{statistic}"] = tf.stop_gradient(blend)
        outputs = norms.normalise(halves, moments, self._affine(name), layer.epsilon)
        return tf.reshape(outputs, (-1, *inputs.shape[1:]))

    def _affine(self, name: str) -> tuple[Tensor, Tensor]:
        return self.arrays[f"{name}.gamma"], self.arrays[f"{name}.beta"]


def _apply_without_weights(layer: Layer, inputs: Tensor) -> Tensor:
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
            return image_layers.upsample(inputs, factor)
        case AveragePool(size=size):
            return image_layers.average_pool(inputs, size)
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


def _drop(inputs: Tensor, mask: Tensor, rate: float) -> Tensor:
    """Return the inputs where the mask, bool of the same shape, is True, scaled; else zero."""
    return inputs * (tf.cast(mask, inputs.dtype) * (1 / keep_chance(rate)))
