"""Residual networks with spectral normalisation (Miyato et al. 2018, tables 4 and 5).

Channels double at each halving of the sides, as in the paper's networks for 48x48: 64 to 512 in
its generator, and 64 to 1,024 in its discriminator, whose last block does not halve the sides. The
paper sums the last map over its pixels; here a dense layer takes all of them, because sizes need
not be square. With `attention`, both networks have a layer of self-attention at half the sides,
with an eighth of the channels, as in SAGAN (Zhang et al. 2019).
"""

from __future__ import annotations

from dataclasses import replace

from gankit.layers import (
    AveragePool,
    Conv,
    Dense,
    Flatten,
    Layer,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    Shape,
    Spec,
    Tanh,
    Upsample,
)
from gankit.recipes.families import labels
from gankit.recipes.families.dcgan import BATCH_NORM, widths
from gankit.recipes.families.sizes import doublings


def generator(
    shape: Shape,
    *,
    width: int,
    embedding: int = 0,
    embedding_gain: float = 1.0,
    conditional: bool = False,
    conditional_gain: float = 0.0,
    spectral: bool = False,
    attention: bool = False,
) -> Spec:
    """Return a dense layer and residual blocks that double the sides.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images; the sides as in `sizes`.
    width
        Channels at the sides of the images, at least 1.
    embedding, embedding_gain
        As in `dense.generator`.
    conditional, conditional_gain
        As in `dcgan.generator`.
    spectral
        Whether the generator has spectral norm too; False by default.
    attention
        Whether there is self-attention at half the sides; False by default.

    Raises
    ------
    ConfigError
        No such network makes the size.
    """
    start = doublings((shape[0], shape[1]))
    *larger, first = widths(width, start.count + 1)
    *blocks, last = map(_up, reversed(larger))
    spec = (
        *labels.embedding(embedding, embedding_gain),
        Dense(start.height * start.width * first),
        Reshape((start.height, start.width, first)),
        *blocks,
        *_attention(larger[1], attention),
        last,
        BATCH_NORM,
        ReLU(),
        Conv(shape[2], 3, padding=1),
        Tanh(),
    )
    spec = labels.normalised_by_class(spec, conditional_gain) if conditional else spec
    return tuple(map(_spectral, spec)) if spectral else spec


def discriminator(
    shape: Shape,
    *,
    width: int,
    outputs: int = 1,
    projection: bool = False,
    attention: bool = False,
) -> Spec:
    """Return residual blocks that halve the sides, one that does not, and a dense layer.

    Parameters
    ----------
    shape
        As in `generator`.
    width
        Channels at half the sides of the images, at least 1.
    outputs, projection
        As in `labels.last`.
    attention
        As in `generator`, after the first block.

    Raises
    ------
    ConfigError
        As in `generator`.
    """
    first, *halving, last = widths(width, doublings((shape[0], shape[1])).count + 1)
    return (
        _first(first),
        *map(_spectral, _attention(first, attention)),
        *map(_down, halving),
        Residual((ReLU(), _conv(last), ReLU(), _conv(last)), (_point(last),)),
        ReLU(),
        Flatten(),
        *labels.last(outputs, projection, spectral=True),
    )


def _attention(channels: int, wanted: bool) -> Spec:
    return (SelfAttention(max(1, channels // 8)),) if wanted else ()


def _spectral(layer: Layer) -> Layer:
    """Return a layer with spectral norm, if it has a kernel."""
    if isinstance(layer, Residual):
        shortcut = tuple(map(_spectral, layer.shortcut))
        return Residual(tuple(map(_spectral, layer.layers)), shortcut)
    if isinstance(layer, Conv | Dense | SelfAttention):
        return replace(layer, spectral=True)
    return layer


def _up(filters: int) -> Residual:
    """Return a block of the generator, which doubles the sides."""
    return Residual(
        (
            BATCH_NORM,
            ReLU(),
            Upsample(2),
            Conv(filters, 3, padding=1),
            BATCH_NORM,
            ReLU(),
            Conv(filters, 3, padding=1),
        ),
        (Upsample(2), Conv(filters, 1)),
    )


def _first(filters: int) -> Residual:
    """Return the block of the images, which does not begin with a ReLU."""
    return Residual(
        (_conv(filters), ReLU(), _conv(filters), AveragePool(2)),
        (AveragePool(2), _point(filters)),
    )


def _down(filters: int) -> Residual:
    """Return a block of the discriminator, which halves the sides."""
    return Residual(
        (ReLU(), _conv(filters), ReLU(), _conv(filters), AveragePool(2)),
        (_point(filters), AveragePool(2)),
    )


def _conv(filters: int) -> Conv:
    return Conv(filters, 3, padding=1, spectral=True)


def _point(filters: int) -> Conv:
    return Conv(filters, 1, spectral=True)
