"""The networks of R3GAN (Huang et al. 2024): residual blocks without normalisation.

A block doubles its channels with a 1x1 convolution, mixes pixels with a grouped 3x3 one, and halves
the channels with a 1x1 one that starts at zero, so each block starts as the identity. Its other
kernels have a gain of sqrt(2 / 1.04) * blocks^(-1/4) in a network of that many blocks (Fixup,
Zhang et al. 2019; 1.04 is 1 + 0.2^2, of the leaky ReLU). There is one block at each size. The
paper's stages have equal channels, or fewer only at the largest sizes; here the size of the images
has `width` channels, and every smaller one twice as many.
"""

from __future__ import annotations

import math

from gankit.layers import (
    AveragePool,
    BlurPool,
    BlurUpsample,
    Conv,
    Dense,
    Flatten,
    LeakyReLU,
    Reshape,
    Residual,
    Shape,
    Spec,
    Tanh,
    Upsample,
)
from gankit.recipes.families import labels
from gankit.recipes.families.sizes import doublings

GROUP = 16
"""Channels of a group."""
SLOPE = LeakyReLU(0.2)


def generator(
    shape: Shape,
    *,
    width: int,
    embedding: int = 0,
    embedding_gain: float = 1.0,
    blur: bool = False,
) -> Spec:
    """Return a dense layer and residual blocks, with the sides doubled between them.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images; the sides as in `sizes`.
    width
        Channels at the sides of the images, at least 1; twice as many at smaller ones.
    embedding, embedding_gain
        As in `dense.generator`.
    blur
        Whether the sides are doubled with the weights [1, 2, 1], as in the paper; False, the
        default, repeats pixels.

    Raises
    ------
    ConfigError
        No such network makes the size.
    """
    start, wide = doublings((shape[0], shape[1])), 2 * width
    blocks, larger = start.count + 1, BlurUpsample() if blur else Upsample(2)
    return (
        *labels.embedding(embedding, embedding_gain),
        Dense(start.height * start.width * wide, init="fan-in-normal"),
        Reshape((start.height, start.width, wide)),
        *(layer for _ in range(start.count) for layer in (_block(wide, blocks), larger)),
        Conv(width, 1, bias=False, init="fan-in-normal"),
        _block(width, blocks),
        Conv(shape[2], 1, init="fan-in-normal"),
        Tanh(),
    )


def discriminator(
    shape: Shape, *, width: int, outputs: int = 1, projection: bool = False, blur: bool = False
) -> Spec:
    """Return residual blocks, with the sides halved between them, and a dense layer.

    Parameters
    ----------
    shape, width
        As in `generator`.
    outputs, projection
        As in `labels.last`.
    blur
        Whether the sides are halved with the weights [1, 2, 1]; False, the default, averages
        squares.

    Raises
    ------
    ConfigError
        As in `generator`.
    """
    count, wide = doublings((shape[0], shape[1])).count, 2 * width
    blocks, smaller = count + 1, BlurPool() if blur else AveragePool(2)
    return (
        Conv(width, 1, init="fan-in-normal"),
        _block(width, blocks),
        smaller,
        Conv(wide, 1, bias=False, init="fan-in-normal"),
        *(layer for _ in range(count - 1) for layer in (_block(wide, blocks), smaller)),
        _block(wide, blocks),
        Flatten(),
        *labels.last(outputs, projection, init="fan-in-normal"),
    )


def _block(channels: int, blocks: int) -> Residual:
    """Return a residual block that keeps the channels, of a network with as many `blocks`."""
    wide, gain = 2 * channels, round(math.sqrt(2 / 1.04) * blocks**-0.25, 4)
    groups = wide // GROUP if wide % GROUP == 0 else 1
    return Residual(
        (
            Conv(wide, 1, bias=False, init="fan-in-normal", gain=gain),
            SLOPE,
            Conv(wide, 3, padding=1, groups=groups, bias=False, init="fan-in-normal", gain=gain),
            SLOPE,
            Conv(channels, 1, bias=False, init="zeros"),
        )
    )
