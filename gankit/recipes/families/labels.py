"""Layers that make a network class-conditional, for every family."""

from __future__ import annotations

from dataclasses import replace

from gankit.layers import BatchNorm, ClassLogit, Dense, Embedding, Layer, Projection, Residual, Spec
from gankit.layers.specs import Init


def embedding(units: int, gain: float = 1.0) -> Spec:
    """Return a layer that adds a vector of the class to the input, or no layer for 0 units."""
    return (Embedding(units, gain=gain),) if units else ()


def normalised_by_class(spec: Spec, gain: float) -> Spec:
    """Return the layers with a scale and an offset for each class in every batch normalisation.

    `gain` is the standard deviation with which they start.
    """
    return tuple(_by_class(layer, gain) for layer in spec)


def _by_class(layer: Layer, gain: float) -> Layer:
    if isinstance(layer, BatchNorm):
        return replace(layer, conditional=True, gain=gain)
    if isinstance(layer, Residual):
        shortcut = normalised_by_class(layer.shortcut, gain)
        return Residual(normalised_by_class(layer.layers, gain), shortcut)
    return layer


def last(
    outputs: int,
    projection: bool,
    *,
    init: Init = "glorot-uniform",
    gain: float = 1.0,
    spectral: bool = False,
    class_logit: bool = False,
) -> Spec:
    """Return a discriminator's last layer.

    Parameters
    ----------
    outputs
        1 for a logit, or 1 + classes with an auxiliary classifier (Odena et al. 2017).
    projection
        Whether the class enters by its inner product with the features (Miyato & Koyama 2018).
    init, gain, spectral
        As in `Dense`.
    class_logit
        Whether the logit is that of all heads together, as in `ClassLogit`; False by default.
    """
    if class_logit:
        classes = Dense(outputs - 1, init=init, gain=gain, spectral=spectral)
        return (classes, ClassLogit())
    if projection:
        return (Projection(init=init, gain=gain, spectral=spectral),)
    return (Dense(outputs, init=init, gain=gain, spectral=spectral),)
