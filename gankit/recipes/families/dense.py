"""Dense networks, for images of any size (Goodfellow et al. 2014).

The hidden layers have `width`, 2 and 4 times `width` units, in the discriminator in reverse order,
at every size of image. At 28x28 and width 256 these are the networks of the recipe `simple`. With
`end_channels`, a convolution takes the place of the widest layer: the generator's last makes the
image of a map of half its sides, and the discriminator's first makes such a map of the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from gankit.errors import ConfigError
from gankit.layers import (
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Reshape,
    Shape,
    Spec,
    Tanh,
)
from gankit.recipes.families import labels

SLOPE = LeakyReLU(0.2)


def generator(
    shape: Shape,
    *,
    width: int,
    embedding: int = 0,
    embedding_gain: float = 1.0,
    end_channels: int = 0,
) -> Spec:
    """Return dense layers of growing width, reshaped to `shape`.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images.
    width
        Units of the first layer, at least 1.
    embedding, embedding_gain
        Length and gain of a learned vector of the class beside the noise; 0, the default, for none.
    end_channels
        Channels of the map of half the sides of which a transposed convolution makes the image; 0,
        the default, for none.

    Raises
    ------
    ConfigError
        `end_channels` is given, and a side is odd.
    """
    first = labels.embedding(embedding, embedding_gain)
    if end_channels:
        body = _hidden(_widths(width)[:-1])
        half = (*_halved(shape), end_channels)
        start = (Dense(math.prod(half)), Reshape(half), SLOPE)
        end = ConvTranspose(shape[2], 4, stride=2, padding=1)
        return (*first, *body, *start, end, Tanh())
    return (*first, *_hidden(_widths(width)), Dense(math.prod(shape)), Tanh(), Reshape(shape))


def discriminator(
    shape: Shape,
    *,
    width: int,
    outputs: int = 1,
    embedding: int = 0,
    embedding_gain: float = 1.0,
    dropout: float = 0.0,
    projection: bool = False,
    end_channels: int = 0,
) -> Spec:
    """Return dense layers of shrinking width.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images, flattened first.
    width
        Units of the last hidden layer, at least 1.
    outputs, projection
        As in `labels.last`.
    embedding, embedding_gain
        As in `generator`, beside the pixels.
    dropout
        Rate after each hidden layer, in [0, 1); 0 by default.
    end_channels
        Filters of a first convolution, which halves the sides; 0, the default, for none.

    Raises
    ------
    ConfigError
        As in `generator`.
    """
    widest, *widths = reversed(_widths(width))
    drop = (Dropout(dropout),) if dropout else ()
    if end_channels:
        _halved(shape)
        first: Spec = (Conv(end_channels, 4, stride=2, padding=1), SLOPE, *drop, Flatten())
    else:
        first, widths = (Flatten(),), [widest, *widths]
    classes = labels.embedding(embedding, embedding_gain)
    return (*first, *classes, *_hidden(widths, drop), *labels.last(outputs, projection))


def _hidden(widths: Iterable[int], drop: Spec = ()) -> Spec:
    return tuple(layer for units in widths for layer in (Dense(units), SLOPE, *drop))


def _halved(shape: Shape) -> tuple[int, int]:
    """Return half the height and half the width."""
    height, width, _ = shape
    if height % 2 or width % 2:
        raise ConfigError(
            f"end_channels: got images of {height}x{width}; expected even sides; use dense layers "
            "alone: --set generator.end_channels=0 --set discriminator.end_channels=0"
        )
    return height // 2, width // 2


def _widths(width: int) -> tuple[int, int, int]:
    return width, 2 * width, 4 * width
