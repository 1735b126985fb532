"""The convolutional networks of spectral normalisation (Miyato et al. 2018, table 3).

In the discriminator a 3x3 convolution stands between those that halve the sides, and every kernel
is divided by its largest singular value; in the generator a 3x3 convolution follows the transposed
ones. The paper has width 64, from 4x4 for 32x32 images and from 6x6 for 48x48.
"""

from __future__ import annotations

from gankit.layers import Conv, Flatten, LeakyReLU, ReLU, Shape, Spec, Tanh
from gankit.recipes.families import labels
from gankit.recipes.families.dcgan import BATCH_NORM, DEVIATION, dense_start, up, widths
from gankit.recipes.families.sizes import doublings

SLOPE = LeakyReLU(0.1)


def generator(shape: Shape, *, width: int, embedding: int = 0, embedding_gain: float = 1.0) -> Spec:
    """Return a dense layer, transposed convolutions, and a convolution to the images.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images; the sides as in `sizes`.
    width
        Channels at the sides of the images, at least 1; twice as many at half of them, and so on.
    embedding, embedding_gain
        As in `dense.generator`.

    Raises
    ------
    ConfigError
        No such network makes the size.
    """
    start = doublings((shape[0], shape[1]))
    *larger, first = widths(width, start.count + 1)
    return (
        *labels.embedding(embedding, embedding_gain),
        *dense_start(start, first),
        *(layer for filters in reversed(larger) for layer in (up(filters), BATCH_NORM, ReLU())),
        Conv(shape[2], 3, padding=1, init="normal", gain=DEVIATION),
        Tanh(),
    )


def discriminator(
    shape: Shape,
    *,
    width: int,
    outputs: int = 1,
    last_convolution: bool = True,
    projection: bool = False,
) -> Spec:
    """Return convolutions that alternate between 3x3 and halving the sides, and a dense layer.

    Parameters
    ----------
    shape, width
        As in `generator`.
    outputs, projection
        As in `labels.last`.
    last_convolution
        Whether the smallest map has a 3x3 convolution too, as in the paper; True by default.

    Raises
    ------
    ConfigError
        As in `generator`.
    """
    first, *others = widths(width, doublings((shape[0], shape[1])).count + 1)
    convs = [_same(first)]
    for filters in others:
        convs += [Conv(filters, 4, stride=2, padding=1, spectral=True), _same(filters)]
    if not last_convolution:
        convs.pop()
    return (
        *(layer for conv in convs for layer in (conv, SLOPE)),
        Flatten(),
        *labels.last(outputs, projection, spectral=True),
    )


def _same(filters: int) -> Conv:
    return Conv(filters, 3, padding=1, spectral=True)
