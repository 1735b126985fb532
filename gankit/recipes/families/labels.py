"""Layers that make a network class-conditional, for every family."""

from __future__ import annotations

from gankit.layers import Dense, Embedding, Projection, Spec
from gankit.layers.specs import Init


def embedding(units: int, gain: float = 1.0) -> Spec:
    """Return a layer that adds a vector of the class to the input, or no layer for 0 units."""
    return (Embedding(units, gain=gain),) if units else ()


def last(
    outputs: int,
    projection: bool,
    *,
    init: Init = "glorot-uniform",
    gain: float = 1.0,
    spectral: bool = False,
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
    """
    if projection:
        return (Projection(init=init, gain=gain, spectral=spectral),)
    return (Dense(outputs, init=init, gain=gain, spectral=spectral),)
