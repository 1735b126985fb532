"""Dense networks, for images of any size (Goodfellow et al. 2014).

The hidden layers have `width`, 2 and 4 times `width` units, in the discriminator in reverse order,
at every size of image. At 28x28 and width 256 these are the networks of the recipe `simple`.
"""

from __future__ import annotations

import math

from gankit.layers import Dense, Dropout, Flatten, LeakyReLU, Reshape, Shape, Spec, Tanh
from gankit.recipes.families import labels

SLOPE = LeakyReLU(0.2)


def generator(shape: Shape, *, width: int, embedding: int = 0, embedding_gain: float = 1.0) -> Spec:
    """Return dense layers of growing width, reshaped to `shape`.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images.
    width
        Units of the first layer, at least 1.
    embedding, embedding_gain
        Length and gain of a learned vector of the class beside the noise; 0, the default, for none.
    """
    hidden = [layer for units in _widths(width) for layer in (Dense(units), SLOPE)]
    first = labels.embedding(embedding, embedding_gain)
    return (*first, *hidden, Dense(math.prod(shape)), Tanh(), Reshape(shape))


def discriminator(
    shape: Shape,  # noqa: ARG001 - every family has it.
    *,
    width: int,
    outputs: int = 1,
    embedding: int = 0,
    embedding_gain: float = 1.0,
    dropout: float = 0.0,
    projection: bool = False,
) -> Spec:
    """Return dense layers of shrinking width, the same for every shape.

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
    """
    drop = (Dropout(dropout),) if dropout else ()
    hidden = [layer for units in reversed(_widths(width)) for layer in (Dense(units), SLOPE, *drop)]
    first = labels.embedding(embedding, embedding_gain)
    return (Flatten(), *first, *hidden, *labels.last(outputs, projection))


def _widths(width: int) -> tuple[int, int, int]:
    return width, 2 * width, 4 * width
