"""DCGAN (Radford, Metz & Chintala 2015): strided convolutions with batch normalisation.

Each 4x4 convolution of stride 2 halves the sides and doubles the channels; the generator is the
mirror image. Kernels are from N(0, 0.02^2). Every layer but the generator's last and the
discriminator's first is normalised. The paper has 64x64 images, a 4x4 start and width 128;
`torch/examples` has width 64. The channels grow to at most 16 times `width`.
"""

from __future__ import annotations

from typing import Literal

from gankit.layers import (
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Flatten,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Reshape,
    Shape,
    Spec,
    Tanh,
)
from gankit.recipes.families import labels
from gankit.recipes.families.sizes import Doublings, doublings

Norm = Literal["batch-norm", "layer-norm", "none", "spectral"]

DEVIATION = 0.02
"""Standard deviation of the initial kernels."""
MOST_GROWTH = 16
"""The most channels, in multiples of the width."""
BATCH_NORM = BatchNorm(momentum=0.9, epsilon=1e-5)


def generator(
    shape: Shape,
    *,
    width: int,
    embedding: int = 0,
    embedding_gain: float = 1.0,
    conditional: bool = False,
    conditional_gain: float = 0.0,
    hidden: int = 0,
) -> Spec:
    """Return a dense layer and transposed convolutions that double the sides.

    Parameters
    ----------
    shape
        `(height, width, channels)` of the images; the sides as in `sizes`.
    width
        Channels at half the sides of the images, at least 1; twice as many at a quarter, and so on.
    embedding, embedding_gain
        As in `dense.generator`.
    conditional, conditional_gain
        Whether batch normalisation has a scale and an offset for each class, as in
        `labels.normalised_by_class`, and their standard deviation at the start; False and 0 by
        default.
    hidden
        Units of one more dense layer before the others, as InfoGAN has (Chen et al. 2016); 0, the
        default, for none.

    Raises
    ------
    ConfigError
        No such network makes the size.
    """
    start, channels = doublings((shape[0], shape[1])), shape[2]
    *between, first = widths(width, start.count)
    spec = (
        *labels.embedding(embedding, embedding_gain),
        *(_hidden_start(start, first, hidden) if hidden else dense_start(start, first)),
        *(layer for filters in reversed(between) for layer in (up(filters), BATCH_NORM, ReLU())),
        up(channels),
        Tanh(),
    )
    return labels.normalised_by_class(spec, conditional_gain) if conditional else spec


def discriminator(
    shape: Shape,
    *,
    width: int,
    outputs: int = 1,
    norm: Norm = "batch-norm",
    projection: bool = False,
    class_logit: bool = False,
    hidden: int = 0,
) -> Spec:
    """Return strided convolutions that halve the sides, and a dense layer.

    Parameters
    ----------
    shape
        As in `generator`.
    width
        Channels at half the sides of the images, at least 1.
    outputs, projection, class_logit
        As in `labels.last`.
    norm
        "batch-norm" by default; "layer-norm" as for a gradient penalty (Gulrajani et al. 2017);
        "none"; or "spectral": spectral norm, Glorot's initial kernels, slope 0.1, and one more 3x3
        convolution (Miyato & Koyama 2018).
    hidden
        Units of one more dense layer after the convolutions; 0, the default, for none.

    Raises
    ------
    ConfigError
        As in `generator`.
    """
    count = doublings((shape[0], shape[1])).count
    if norm == "spectral":
        last = labels.last(outputs, projection, spectral=True, class_logit=class_logit)
        return _spectral(widths(width, count + 1), last)
    slope, normalised = LeakyReLU(0.2), _NORMS[norm]
    first, *others = widths(width, count)
    dense = (_dense(hidden), *normalised, slope) if hidden else ()
    return (
        _down(first),
        slope,
        *(layer for filters in others for layer in (_down(filters), *normalised, slope)),
        Flatten(),
        *dense,
        *labels.last(outputs, projection, init="normal", gain=DEVIATION, class_logit=class_logit),
    )


def widths(width: int, count: int) -> list[int]:
    """Return `count` numbers of channels, each twice the one before, at most 16 times `width`."""
    return [width * min(2**number, MOST_GROWTH) for number in range(count)]


def dense_start(start: Doublings, filters: int) -> Spec:
    """Return the layers that make the smallest map of the noise, with `filters` channels."""
    units = start.height * start.width * filters
    shape = (start.height, start.width, filters)
    return (_dense(units), Reshape(shape), BATCH_NORM, ReLU())


def up(filters: int) -> ConvTranspose:
    """Return a transposed convolution that doubles the sides."""
    return ConvTranspose(filters, 4, stride=2, padding=1, init="normal", gain=DEVIATION)


def _hidden_start(start: Doublings, filters: int, hidden: int) -> Spec:
    """Return the same with one more dense layer, normalised before the map is formed."""
    units = start.height * start.width * filters
    shape = (start.height, start.width, filters)
    first = (_dense(hidden), BATCH_NORM, ReLU())
    return (*first, _dense(units), BATCH_NORM, ReLU(), Reshape(shape))


def _spectral(filters: list[int], outputs: Spec) -> Spec:
    slope = LeakyReLU(0.1)
    *halving, last = filters
    down = [Conv(number, 4, stride=2, padding=1, spectral=True) for number in halving]
    return (
        *(layer for conv in down for layer in (conv, slope)),
        Conv(last, 3, padding=1, spectral=True),
        slope,
        Flatten(),
        *outputs,
    )


def _dense(units: int) -> Dense:
    return Dense(units, init="normal", gain=DEVIATION)


def _down(filters: int) -> Conv:
    return Conv(filters, 4, stride=2, padding=1, init="normal", gain=DEVIATION)


_NORMS: dict[str, Spec] = {
    "batch-norm": (BATCH_NORM,),
    "layer-norm": (LayerNorm(epsilon=1e-5),),
    "none": (),
}
