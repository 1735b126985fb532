"""The layers: frozen dataclasses, each with its formula.

In the formulas `x` is what a layer gets and the rest its weights, by the names that they have in
a state. In training mode a layer sees a whole batch; at inference each image stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, get_args

from gankit._utils.plain_numbers import plain_numbers
from gankit._utils.tagged_unions import Tagged
from gankit.errors import ConfigError, shown

Init: TypeAlias = Literal["glorot-uniform", "fan-in-normal", "normal", "zeros"]
"""How a kernel begins; see `gankit.layers.weights`."""


@dataclass(frozen=True)
@plain_numbers
class Dense:
    """`x @ kernel + bias`, on rows `(n, features)`.

    Attributes
    ----------
    units
        Features that come out, at least 1.
    bias
        Whether a bias is added; True by default.
    init, gain
        How the kernel begins, and its factor: see `initial_weights`. "glorot-uniform" and 1 by
        default.
    spectral
        Whether the kernel is divided by its largest singular value (Miyato et al. 2018), as
        estimated by one vector u, `kernel_u`; False by default. With W the kernel, its rows all
        axes but the last:

            in training  u <- normalised(W' normalised(W u)) first, and is kept where running
                         state moves
            either way   sigma = |W u|, with u a constant to the gradient
    """

    units: int
    bias: bool = True
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["dense"] = field(default="dense", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Conv:
    """Convolution (cross-correlation) of images with a square kernel `(k, k, in, filters)`.

    `y[i, j, o] = bias[o] + sum over a, b, c of x[i*stride + a - padding, j*stride + b - padding,
    c] * kernel[a, b, c, o]`, where x is 0 outside. With `groups`, the channels in and out fall
    into that many runs, each convolved by itself; the kernel is `(k, k, in / groups, filters)`.

    Attributes
    ----------
    filters
        Channels that come out, at least 1.
    kernel
        k, the kernel's side in pixels, at least 1.
    stride
        Pixels from one place of the kernel to the next, at least 1; 1 by default.
    padding
        Rows and columns of zeros around the image, in [0, kernel); 0 by default.
    groups
        Runs of channels, at least 1, a divisor of the channels in and of `filters`; 1 by default.
    bias
        Whether a bias is added; True by default.
    init, gain
        How the kernel begins, and its factor: see `initial_weights`. "glorot-uniform" and 1 by
        default.
    spectral
        As in `Dense`; False by default.
    """

    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    bias: bool = True
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["conv"] = field(default="conv", repr=False)


@dataclass(frozen=True)
@plain_numbers
class ConvTranspose:
    """Transposed convolution: each value lays a kernel, scaled by itself, onto a larger image.

    `y[i*stride + a - padding, j*stride + b - padding, o] += x[i, j, c] * kernel[a, b, c, o]`, plus
    bias[o]; what falls outside is dropped. The sides are `(side - 1) * stride - 2 * padding + k`.

    Attributes
    ----------
    filters
        Channels that come out, at least 1.
    kernel
        k, the kernel's side in pixels, at least 1.
    stride
        Pixels from one place of the kernel to the next in the larger image, at least 1; 1 by
        default.
    padding
        Rows and columns that are cut off around the larger image, in [0, kernel); 0 by default.
    bias
        Whether a bias is added; True by default.
    init, gain
        How the kernel begins, and its factor: see `initial_weights`. "glorot-uniform" and 1 by
        default.
    spectral
        As in `Dense`; False by default.
    """

    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    bias: bool = True
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["conv-transpose"] = field(default="conv-transpose", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Upsample:
    """Repeat each pixel `factor` times along both sides."""

    factor: int
    layer: Literal["upsample"] = field(default="upsample", repr=False)


@dataclass(frozen=True)
@plain_numbers
class AveragePool:
    """Average over squares of `size` by `size`, side by side; `size` divides both sides."""

    size: int
    layer: Literal["average-pool"] = field(default="average-pool", repr=False)


@dataclass(frozen=True)
@plain_numbers
class BatchNorm:
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per channel (Ioffe & Szegedy 2015).

    Mean and variance go over all but the last axis; the variance is the biased one. In training
    mode they are the batch's, and `running <- momentum * running + (1 - momentum) * batch`; at
    inference they are the running ones, `mean` and `variance`. Where a discriminator sees fakes
    and reals in one pass, each half is normalised by its own statistics, and running state takes
    in the mean of both.
    """

    momentum: float
    epsilon: float
    layer: Literal["batch-norm"] = field(default="batch-norm", repr=False)


@dataclass(frozen=True)
@plain_numbers
class LayerNorm:
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta` (Ba et al. 2016).

    Mean and (biased) variance go over all of one image's values; gamma and beta are per channel.
    """

    epsilon: float
    layer: Literal["layer-norm"] = field(default="layer-norm", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Embedding:
    """Lay a learned vector of the image's class, `embedding[label]`, beside what there is.

    To a row it adds `units` features, to an image `units` channels, the same at every place
    (Mirza & Osindero 2014).

    Attributes
    ----------
    units
        Length of the vector, at least 1.
    init, gain
        How the vectors begin, and their factor: see `initial_weights`. "normal" and 1 by default.
    """

    units: int
    init: Init = "normal"
    gain: float = 1.0
    layer: Literal["embedding"] = field(default="embedding", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Projection:
    """One logit of a row and a class: `x @ kernel + bias + sum(x * embedding[label])`.

    The last layer of a projection discriminator (Miyato & Koyama 2018, equation 3). `spectral`
    divides kernel and embedding, each by its own largest singular value, as in `Dense`.

    Attributes
    ----------
    bias
        Whether a bias is added; True by default.
    init, gain
        How the kernel begins, and its factor: see `initial_weights`. "glorot-uniform" and 1 by
        default.
    spectral
        As in `Dense`; False by default.
    """

    bias: bool = True
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["projection"] = field(default="projection", repr=False)


@dataclass(frozen=True)
@plain_numbers
class LeakyReLU:
    """`max(x, slope * x)`; written so in every backend, with the slope in full precision."""

    slope: float
    layer: Literal["leaky-relu"] = field(default="leaky-relu", repr=False)


@dataclass(frozen=True)
@plain_numbers
class ReLU:
    """`max(x, 0)`."""

    layer: Literal["relu"] = field(default="relu", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Tanh:
    """The hyperbolic tangent: a generator's last layer, for images in [-1, 1]."""

    layer: Literal["tanh"] = field(default="tanh", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Sigmoid:
    """`1 / (1 + exp(-x))`."""

    layer: Literal["sigmoid"] = field(default="sigmoid", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Dropout:
    """Zero each value with chance `rate` in training and scale the rest; nothing at inference.

    The rate is rounded to whole 256ths; one over 0 that becomes 0, or 1, is refused. The masks
    come from the core (`gankit.contract.random_streams.dropout_mask`), so backends share them.
    """

    rate: float
    layer: Literal["dropout"] = field(default="dropout", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Flatten:
    """Lay each image's values in a row: height, then width, then channels."""

    layer: Literal["flatten"] = field(default="flatten", repr=False)


@dataclass(frozen=True)
@plain_numbers
class Reshape:
    """Give each image's values the `shape`, without the batch."""

    shape: tuple[int, ...]
    layer: Literal["reshape"] = field(default="reshape", repr=False)

    def __post_init__(self) -> None:
        """Take a list as a tuple."""
        if isinstance(self.shape, list):
            object.__setattr__(self, "shape", tuple(self.shape))


@dataclass(frozen=True)
@plain_numbers
class Residual:
    """`layers(x) + shortcut(x)` (He et al. 2016); an empty shortcut is x itself."""

    layers: tuple[Annotated[Layer, Tagged("layer")], ...]
    shortcut: tuple[Annotated[Layer, Tagged("layer")], ...] = ()
    layer: Literal["residual"] = field(default="residual", repr=False)

    def __post_init__(self) -> None:
        """Take lists and single layers as tuples; ConfigError for what is no layer."""
        for name in ("layers", "shortcut"):
            object.__setattr__(self, name, as_spec(getattr(self, name), f"residual's {name}"))


Layer: TypeAlias = (
    Dense
    | Conv
    | ConvTranspose
    | Upsample
    | AveragePool
    | BatchNorm
    | LayerNorm
    | Embedding
    | Projection
    | LeakyReLU
    | ReLU
    | Tanh
    | Sigmoid
    | Dropout
    | Flatten
    | Reshape
    | Residual
)
Spec: TypeAlias = tuple[Layer, ...]
LAYERS: tuple[type[Layer], ...] = get_args(Layer)


def as_spec(given: Any, name: str) -> Spec:  # noqa: ANN401 - whatever a person gives.
    """Return layers as a spec: one layer, or a tuple, a list or an iterator of layers.

    Raises
    ------
    ConfigError
        It is none of these; the message begins with `name`.
    """
    if isinstance(given, LAYERS):
        return (given,)
    if not isinstance(given, tuple | list | Iterator):
        raise ConfigError(f"{name}: got {shown(given)}; expected a tuple of gankit.layers")
    spec = tuple(given)
    for position, layer in enumerate(spec):
        if isinstance(layer, type) and layer in LAYERS:
            made = f"{layer.__name__}(...)"
            raise ConfigError(f"{name}: layer {position} is {shown(layer)}; write {made}")
        if not isinstance(layer, LAYERS):
            raise ConfigError(
                f"{name}: layer {position} is {shown(layer)}; expected one of gankit.layers"
            )
    return spec


def is_spec(network: object) -> bool:
    """Tell whether a network is given in gankit's layers, in any form that `as_spec` takes."""
    return isinstance(network, (*LAYERS, tuple, list, Iterator))


def flat(spec: Spec) -> Iterator[Layer]:
    """Yield every layer, a residual block before those inside it."""
    for layer in spec:
        yield layer
        if isinstance(layer, Residual):
            yield from flat(layer.layers)
            yield from flat(layer.shortcut)


def uses_labels(spec: Spec) -> bool:
    """Tell whether a network of `spec` looks at the classes of its images."""
    return any(isinstance(layer, Embedding | Projection) for layer in flat(spec))


def capabilities(spec: Spec) -> set[str]:
    """Return what a backend must be able to do to build `spec`, beside dense layers."""
    layers = list(flat(spec))
    needed = {NEEDS[type(layer)] for layer in layers if type(layer) in NEEDS}
    return needed | {"spectral" for layer in layers if getattr(layer, "spectral", False)}


NEEDS: dict[type[Layer], str] = {
    **dict.fromkeys((Conv, ConvTranspose, Upsample, AveragePool), "conv"),
    **dict.fromkeys((BatchNorm, LayerNorm), "norm"),
    **dict.fromkeys((Embedding, Projection), "labels"),
    Residual: "residual",
}
