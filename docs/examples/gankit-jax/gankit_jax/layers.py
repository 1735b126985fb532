"""One pass through a network, by the formulas of `gankit.layers`."""

import jax
import jax.numpy as jnp
from gankit import layers
from gankit.contract.random_streams import keep_chance
from jax import lax


class Pass:
    """A network's arrays by name, at work on one batch; `running` fills with running state moved.

    `masks` are what each dropout layer keeps, by its name; None means inference. Fakes and reals
    behind each other are two `halves`, with batch statistics of their own.
    """

    def __init__(self, arrays, labels=None, masks=None, halves=1):
        self.arrays, self.labels, self.masks, self.halves = arrays, labels, masks, halves
        self.running = {}

    def run(self, spec, x):
        """Return what the layers of `spec` make of `x`."""
        for position, layer in enumerate(spec):
            x = self._apply(layer, str(position), x)
        return x

    def _apply(self, layer, name, x):
        """Return what one layer makes of `x`."""
        match layer:
            case layers.Dense():
                return self._biased(layer, name, x @ self.arrays[f"{name}.kernel"])
            case layers.Conv() | layers.ConvTranspose():
                made = _convolved(layer, x, self.arrays[f"{name}.kernel"])
                return self._biased(layer, name, made)
            case layers.Projection():
                rows = self.arrays[f"{name}.embedding"][self.labels]
                logits = x @ self.arrays[f"{name}.kernel"] + (x * rows).sum(1, keepdims=True)
                return self._biased(layer, name, logits)
            case layers.Embedding(units=units):
                rows = self.arrays[f"{name}.embedding"][self.labels]
                rows = jnp.expand_dims(rows, range(1, x.ndim - 1))
                return jnp.concatenate([x, jnp.broadcast_to(rows, (*x.shape[:-1], units))], -1)
            case layers.BatchNorm():
                return self._batch_norm(layer, name, x)
            case layers.LayerNorm():
                return self._normalised(layer, name, x, _moments(x, range(1, x.ndim)))
            case layers.Dropout(rate=rate) if self.masks is not None:
                return x * (self.masks[name] * (1 / keep_chance(rate)))
        return PLAIN[type(layer)](layer, x)

    def _biased(self, layer, name, made):
        return made + self.arrays[f"{name}.bias"] if layer.bias else made

    def _batch_norm(self, layer, name, x):
        known = self.arrays[f"{name}.mean"], self.arrays[f"{name}.variance"]
        if self.masks is None:
            return self._normalised(layer, name, x, known)
        apart = x.reshape(self.halves, -1, *x.shape[1:])
        found = _moments(apart, range(1, x.ndim))
        for role, old, new in zip(("mean", "variance"), known, found, strict=True):
            batch = new.reshape(self.halves, -1).mean(0)
            self.running[f"{name}.{role}"] = layer.momentum * old + (1 - layer.momentum) * batch
        return self._normalised(layer, name, apart, found).reshape(x.shape)

    def _normalised(self, layer, name, x, statistics):
        mean, variance = statistics
        scaled = (x - mean) / jnp.sqrt(variance + layer.epsilon)
        return self.arrays[f"{name}.gamma"] * scaled + self.arrays[f"{name}.beta"]


def _moments(x, axes):
    return x.mean(tuple(axes), keepdims=True), x.var(tuple(axes), keepdims=True)


def _convolved(layer, x, kernel):
    """Return a convolution; a transposed one is that of the spread image, the kernel turned."""
    edge, stride, spread, groups = layer.padding, layer.stride, 1, 1
    if isinstance(layer, layers.ConvTranspose):
        edge, stride, spread = layer.kernel - 1 - edge, 1, stride
        kernel = kernel[::-1, ::-1]
    else:
        groups = layer.groups
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), [(edge, edge)] * 2, lhs_dilation=(spread, spread),
        dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups,
    )  # fmt: skip


def _pooled(layer, x):
    n, height, width, channels = x.shape
    side = layer.size
    squares = x.reshape(n, height // side, side, width // side, side, channels)
    return squares.mean((2, 4))


PLAIN = {
    layers.LeakyReLU: lambda layer, x: jnp.where(x > 0, x, layer.slope * x),
    layers.ReLU: lambda _, x: jax.nn.relu(x),
    layers.Tanh: lambda _, x: jnp.tanh(x),
    layers.Sigmoid: lambda _, x: jax.nn.sigmoid(x),
    layers.Dropout: lambda _, x: x,
    layers.Upsample: lambda layer, x: x.repeat(layer.factor, 1).repeat(layer.factor, 2),
    layers.AveragePool: _pooled,
    layers.Flatten: lambda _, x: x.reshape(len(x), -1),
    layers.Reshape: lambda layer, x: x.reshape(len(x), *layer.shape),
}
"""The layers without arrays, in inference."""
