"""The networks of a recipe as the layers of Keras that a person would write."""

from __future__ import annotations

import keras
from keras import KerasTensor

from gankit import layers


def model(spec: layers.Spec, shape: layers.Shape) -> keras.Model:
    """Return the layers of `spec` as a model for inputs of `shape`."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, _applied(spec, inputs))


def _applied(spec: layers.Spec, x: KerasTensor) -> KerasTensor:
    for layer in spec:
        x = _apply(layer, x)
    return x


def _apply(layer: layers.Layer, x: KerasTensor) -> KerasTensor:
    match layer:
        case layers.Dense(units=units, bias=bias, spectral=spectral):
            return _normed(keras.layers.Dense(units, use_bias=bias), spectral)(x)
        case layers.Conv() as conv:
            if conv.padding and conv.stride > 1:
                x = keras.layers.ZeroPadding2D(conv.padding)(x)
            made = keras.layers.Conv2D(
                conv.filters,
                conv.kernel,
                conv.stride,
                "same" if conv.padding and conv.stride == 1 else "valid",
                groups=conv.groups,
                use_bias=conv.bias,
            )
            return _normed(made, conv.spectral)(x)
        case layers.ConvTranspose() as conv:
            made = keras.layers.Conv2DTranspose(
                conv.filters, conv.kernel, conv.stride, "same", use_bias=conv.bias
            )
            return made(x)
        case layers.BatchNorm(momentum=momentum, epsilon=epsilon):
            return keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon)(x)
        case layers.LayerNorm(epsilon=epsilon):
            return keras.layers.GroupNormalization(1, epsilon=epsilon)(x)
        case layers.LeakyReLU(slope=slope):
            return keras.layers.LeakyReLU(slope)(x)
        case layers.ReLU():
            return keras.layers.ReLU()(x)
        case layers.Tanh():
            return keras.layers.Activation("tanh")(x)
        case layers.Upsample(factor=factor):
            return keras.layers.UpSampling2D(factor)(x)
        case layers.AveragePool(size=size):
            return keras.layers.AveragePooling2D(size)(x)
        case layers.Flatten():
            return keras.layers.Flatten()(x)
        case layers.Reshape(shape=shape):
            return keras.layers.Reshape(shape)(x)
        case layers.Residual(layers=main, shortcut=shortcut):
            return keras.layers.Add()([_applied(main, x), _applied(shortcut, x)])
    raise TypeError(f"no layer for {layer}")


def _normed(layer: keras.Layer, spectral: bool) -> keras.Layer:
    return keras.layers.SpectralNormalization(layer) if spectral else layer
