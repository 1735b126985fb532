"""The layers: frozen dataclasses, each with its formula.

In the formulas `x` is a layer's input and the other names are its weights, named as in a state. In
training mode a layer uses statistics of the batch; at inference each image is independent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, get_args

from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import plain_numbers
from gankit._utils.tagged_unions import Tagged
from gankit.errors import ConfigError, shown

Init: TypeAlias = Literal["glorot-uniform", "fan-in-normal", "normal", "zeros"]
"""Initializers of a kernel; see `gankit.layers.weights`."""
Distance: TypeAlias = Literal["l1", "l2"]
_EARLIER = re.compile(r"@\d{1,6}", re.ASCII)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Dense:
    """`x @ kernel + bias`, on rows `(n, features)`.

    Attributes
    ----------
    units
        Output features, at least 1.
    bias
        Whether to add a bias; True by default.
    init, gain
        Initializer of the kernel, and its factor: see `initial_weights`. "glorot-uniform" and 1
        by default.
    spectral
        Whether to divide the kernel by its largest singular value (Miyato et al. 2018), as
        estimated with one vector u, `kernel_u`; False by default. With W the kernel as a matrix
        whose columns are its last axis:
            in training  u <- normalised(W' normalised(W u)) first; u is stored if the pass
                         changes running state
            always       sigma = |W u|, with u a constant for the gradient
    """

    units: int
    bias: bool = True
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["dense"] = field(default="dense", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Conv:
    """Convolution (cross-correlation) of images with a square kernel `(k, k, in, filters)`.

    `y[i, j, o] = bias[o] + sum over a, b, c of x[i*stride + a - padding, j*stride + b - padding,
    c] * kernel[a, b, c, o]`, with x 0 outside. `groups` divides the input and output channels
    into that many groups, each convolved separately; the kernel is `(k, k, in / groups, filters)`.

    Attributes
    ----------
    filters
        Output channels, at least 1.
    kernel
        k, the kernel's side in pixels, at least 1.
    stride
        Step of the kernel in pixels, at least 1; 1 by default.
    padding
        Rows and columns of zeros around the image, in [0, kernel); 0 by default.
    groups
        Groups of channels, at least 1, a divisor of the input channels and of `filters`; 1 by
        default.
    bias
        Whether to add a bias; True by default.
    init, gain
        Initializer of the kernel, and its factor: see `initial_weights`. "glorot-uniform" and 1
        by default.
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


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class ConvTranspose:
    """Transposed convolution: each value adds a kernel, scaled by it, to a larger image.

    `y[i*stride + a - padding, j*stride + b - padding, o] += x[i, j, c] * kernel[a, b, c, o]`, plus
    bias[o]; values outside are dropped. The sides are `(side - 1) * stride - 2 * padding + k`.

    Attributes
    ----------
    filters
        Output channels, at least 1.
    kernel
        k, the kernel's side in pixels, at least 1.
    stride
        Step of the kernel in pixels of the larger image, at least 1; 1 by default.
    padding
        Rows and columns cut off around the larger image, in [0, kernel); 0 by default.
    bias
        Whether to add a bias; True by default.
    init, gain
        Initializer of the kernel, and its factor: see `initial_weights`. "glorot-uniform" and 1
        by default.
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


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Upsample:
    """Repeat each pixel `factor` times along both sides."""

    factor: int = 2
    layer: Literal["upsample"] = field(default="upsample", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class AveragePool:
    """Average over adjacent squares of `size` by `size`; `size` divides both sides."""

    size: int = 2
    layer: Literal["average-pool"] = field(default="average-pool", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class BlurPool:
    """Average with the weights [1, 2, 1] along both sides, and keep every second pixel.

    `y[i, j] = sum over a, b of k[a] k[b] x[2i + a - 1, 2j + b - 1]`, with k = (1/4, 1/2, 1/4) and
    x 0 outside; both sides are even (Zhang 2019, "Making convolutional networks shift-invariant
    again", triangle-3).
    """

    layer: Literal["blur-pool"] = field(default="blur-pool", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class BlurUpsample:
    """Double both sides by linear interpolation: 4 times the adjoint of `BlurPool`.

    Along each side `y[2i] = x[i]` and `y[2i + 1] = (x[i] + x[i + 1]) / 2`, with x 0 outside: the
    kernel [1, 2, 1] after a zero between pixels (Karras et al. 2019).
    """

    layer: Literal["blur-upsample"] = field(default="blur-upsample", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class MinibatchStd:
    """Append one feature, how much the images of a batch differ (Karras et al. 2018, section 3).

    In training, `mean over j of sqrt(variance_j + epsilon)`, with variance_j the (biased) variance
    of value j over the images: the same number for each image, and at each pixel. Of a joined batch
    fakes and reals have their own. At inference it is the running one, `deviation`, which follows
    the mean of the numbers of a pass as in `BatchNorm`.

    Attributes
    ----------
    group
        Images that are compared, neighbours in the batch, which has whole groups; 0, the default,
        for all images of the batch, in all processes together.
    momentum, epsilon
        As above; 0.9 and 1e-8 by default.
    """

    group: int = 0
    momentum: float = 0.9
    epsilon: float = 1e-8
    layer: Literal["minibatch-std"] = field(default="minibatch-std", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class SelfAttention:
    """`x + gamma * (softmax(q k') v) @ output` over the pixels of an image (Zhang et al. 2019).

    With x the pixels as rows `(height * width, channels)`: q = x @ query, k = x @ key and
    v = x @ value, products at each pixel, which are 1x1 convolutions; each row of the softmax, the
    weights of one pixel's sum over all pixels, sums to 1. gamma is one number, which starts at 0.

    Attributes
    ----------
    units
        Features of q, k and v, at least 1; an eighth of the channels in the paper.
    init, gain
        Initializer of the four kernels, and its factor: see `initial_weights`. "glorot-uniform"
        and 1 by default.
    spectral
        Whether each of the four is divided by its own largest singular value, as in `Dense`; False
        by default.
    """

    units: int
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["self-attention"] = field(default="self-attention", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class BatchNorm:
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per channel (Ioffe & Szegedy 2015).

    Mean and variance are over all axes except the last; the variance is the biased one. In
    training mode they are the batch's, and
    `running <- momentum * running + (1 - momentum) * batch`; at inference they are the running
    ones, `mean` and `variance`. If fakes and reals pass through a discriminator together, each half
    is normalised by its own statistics, and running state is updated with the mean of both.

    The defaults, momentum 0.9 and epsilon 1e-5, are PyTorch's, whose `momentum` 0.1 is the share of
    the batch.

    Attributes
    ----------
    momentum, epsilon
        As above.
    conditional
        Whether gamma and beta are those of the image's class: `1 + scale[label]` and
        `shift[label]`, or `1 + label @ scale` and `label @ shift` of a label that is a vector
        (Dumoulin et al. 2017; de Vries et al. 2017); False by default. The statistics are over
        the images of all classes.
    gain
        Standard deviation of the initial scale and shift, at least 0; 0, the default, starts as
        the identity, with all classes alike.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    conditional: bool = False
    gain: float = 0.0
    layer: Literal["batch-norm"] = field(default="batch-norm", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class LayerNorm:
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta` (Ba et al. 2016).

    Mean and (biased) variance are over all values of an image; gamma and beta are per channel.
    `epsilon` is 1e-5 by default, as in PyTorch.
    """

    epsilon: float = 1e-5
    layer: Literal["layer-norm"] = field(default="layer-norm", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class InstanceNorm:
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta` (Ulyanov et al. 2016).

    Mean and (biased) variance are over the pixels of one channel of one image, in training and at
    inference; gamma and beta are per channel. `epsilon` is 1e-5 by default, as in PyTorch.
    """

    epsilon: float = 1e-5
    layer: Literal["instance-norm"] = field(default="instance-norm", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Embedding:
    """Concatenate a learned vector of the image's class, `embedding[label]`, to the input.

    A row gains `units` features, an image `units` channels with the same values at every pixel
    (Mirza & Osindero 2014).

    Attributes
    ----------
    units
        Length of the vector, at least 1.
    init, gain
        Initializer of the vectors, and its factor: see `initial_weights`. "normal" and 1 by
        default.
    """

    units: int
    init: Init = "normal"
    gain: float = 1.0
    layer: Literal["embedding"] = field(default="embedding", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Projection:
    """One logit of a row and a class: `x @ kernel + bias + sum(x * embedding[label])`.

    The last layer of a projection discriminator (Miyato & Koyama 2018, equation 3). `spectral`
    divides kernel and embedding, each by its own largest singular value, as in `Dense`.

    Attributes
    ----------
    bias
        Whether to add a bias; True by default.
    init, gain
        Initializer of the kernel, and its factor: see `initial_weights`. "glorot-uniform" and 1
        by default.
    spectral
        As in `Dense`; False by default.
    """

    bias: bool = True
    init: Init = "glorot-uniform"
    gain: float = 1.0
    spectral: bool = False
    layer: Literal["projection"] = field(default="projection", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class LeakyReLU:
    """`max(x, slope * x)`; every backend uses the slope in full precision.

    `slope` is 0.2 by default, as in DCGAN (Radford et al. 2016).
    """

    slope: float = 0.2
    layer: Literal["leaky-relu"] = field(default="leaky-relu", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class ReLU:
    """`max(x, 0)`."""

    layer: Literal["relu"] = field(default="relu", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Tanh:
    """The hyperbolic tangent: a generator's last layer, for images in [-1, 1]."""

    layer: Literal["tanh"] = field(default="tanh", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Sigmoid:
    """`1 / (1 + exp(-x))`."""

    layer: Literal["sigmoid"] = field(default="sigmoid", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class ClassLogit:
    """Put `log(sum(exp(x)))` before the columns x: the logit of real against generated images.

    A discriminator that ends in the logits of classes, and in this layer, takes generated images
    as one class more, whose logit is 0 (Salimans et al. 2016, section 5).
    """

    layer: Literal["class-logit"] = field(default="class-logit", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class ReconstructionLogit:
    """The logit of an autoencoder: minus the mean distance of its outputs from its inputs.

    A discriminator of layers that reconstruct an image, and of this layer last, gives real images
    a small error, the energy of Zhao et al. 2017 ("Energy-based generative adversarial network").
    The inputs are those of the list of layers that it is in: the network's first, as it sees them.

    Attributes
    ----------
    distance
        "l2", the default: -mean((x - y)^2) over the values of an image; "l1": -mean(|x - y|).
    """

    distance: Distance = "l2"
    layer: Literal["reconstruction-logit"] = field(default="reconstruction-logit", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Dropout:
    """In training, zero each value with probability `rate` and scale the rest.

    The rate is 0.5 by default, as for hidden units in Srivastava et al. 2014. It is rounded to a
    multiple of 1/256; a rate above 0 that rounds to 0 or to 1 is refused.
    The core draws the masks (`gankit.contract.random_streams.dropout_mask`), equal in all backends.
    """

    rate: float = 0.5
    layer: Literal["dropout"] = field(default="dropout", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Flatten:
    """Flatten each image to a row: height, then width, then channels."""

    layer: Literal["flatten"] = field(default="flatten", repr=False)


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Reshape:
    """Reshape each image to `shape`, without the batch."""

    shape: tuple[int, ...]
    layer: Literal["reshape"] = field(default="reshape", repr=False)

    def __post_init__(self) -> None:
        """Convert a list to a tuple."""
        if isinstance(self.shape, list):
            object.__setattr__(self, "shape", tuple(self.shape))


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Residual:
    """`layers(x) + shortcut(x)` (He et al. 2016); an empty shortcut is x itself."""

    layers: tuple[Annotated[Layer, Tagged("layer")], ...]
    shortcut: tuple[Annotated[Layer, Tagged("layer")], ...] = ()
    layer: Literal["residual"] = field(default="residual", repr=False)

    def __post_init__(self) -> None:
        """Convert lists and single layers to tuples; ConfigError for values that are not layers."""
        for name in ("layers", "shortcut"):
            object.__setattr__(self, name, as_spec(getattr(self, name), f"residual.{name}"))


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Concat:
    """Append the features of another array: channels of an image, or the columns of a row.

    All axes but the last are equal to those of the layer's input, which comes first.

    Attributes
    ----------
    input
        What is appended: "@2", the outputs of layer 2 of the same list of layers, an earlier one,
        as in a U-Net (Ronneberger et al. 2015); or 1, the network's second input, 2 the third.
    """

    input: int | str
    layer: Literal["concat"] = field(default="concat", repr=False)

    @property
    def source(self) -> int | None:
        """The position of the earlier layer; None for an input of the network, or if invalid."""
        given = self.input
        return int(given[1:]) if isinstance(given, str) and _EARLIER.fullmatch(given) else None


Layer: TypeAlias = (
    Dense
    | Conv
    | ConvTranspose
    | Upsample
    | AveragePool
    | BlurPool
    | BlurUpsample
    | MinibatchStd
    | SelfAttention
    | BatchNorm
    | LayerNorm
    | InstanceNorm
    | Embedding
    | Projection
    | LeakyReLU
    | ReLU
    | Tanh
    | Sigmoid
    | ClassLogit
    | ReconstructionLogit
    | Dropout
    | Flatten
    | Reshape
    | Residual
    | Concat
)
Spec: TypeAlias = tuple[Layer, ...]
LAYERS: tuple[type[Layer], ...] = get_args(Layer)


def as_spec(given: Any, name: str) -> Spec:  # noqa: ANN401 - users pass many types.
    """Return a layer, or a tuple, a list or an iterator of layers, as a spec.

    Parameters
    ----------
    given
        The layers.
    name
        The value's name, for the message.

    Raises
    ------
    ConfigError
        `given` is of another type; the message begins with `name`.
    """
    if isinstance(given, LAYERS):
        return (given,)
    if not isinstance(given, tuple | list | Iterator):
        raise ConfigError(f"{name}: got {shown(given)}; expected a tuple of gankit.layers")
    spec = tuple(given)
    for position, layer in enumerate(spec):
        if isinstance(layer, type) and layer in LAYERS:
            made = f"{layer.__name__}(...)"
            raise ConfigError(f"{name}: layer {position}: got {shown(layer)}; write {made}")
        if not isinstance(layer, LAYERS):
            raise ConfigError(
                f"{name}: layer {position}: got {shown(layer)}; expected one of gankit.layers"
            )
    return spec


def is_spec(network: object) -> bool:
    """Return whether a network is given as gankit layers, in any form that `as_spec` accepts."""
    return isinstance(network, (*LAYERS, tuple, list, Iterator))


def flat(spec: Spec) -> Iterator[Layer]:
    """Yield every layer, a residual block before its inner layers."""
    for layer in spec:
        yield layer
        if isinstance(layer, Residual):
            yield from flat(layer.layers)
            yield from flat(layer.shortcut)


def joined(spec: Spec) -> frozenset[int]:
    """Return the positions of the layers of `spec` whose outputs a later `Concat` appends.

    Those of layers inside residual blocks are not among them.

    >>> joined((Dense(4), Tanh(), Concat("@0")))
    frozenset({0})
    """
    sources = (layer.source for layer in spec if isinstance(layer, Concat))
    return frozenset(source for source in sources if source is not None)


def uses_labels(spec: Spec) -> bool:
    """Return whether a network of `spec` is class-conditional."""
    return any(map(_takes_labels, flat(spec)))


def _takes_labels(layer: Layer) -> bool:
    return isinstance(layer, Embedding | Projection) or getattr(layer, "conditional", False)


def capabilities(spec: Spec) -> set[str]:
    """Return the capabilities that a backend needs to build `spec`, beside dense layers."""
    layers = list(flat(spec))
    needed = {NEEDS[type(layer)] for layer in layers if type(layer) in NEEDS}
    needed |= {"labels" for layer in layers if _takes_labels(layer)}
    return needed | {"spectral" for layer in layers if getattr(layer, "spectral", False)}


NEEDS: dict[type[Layer], str] = {
    **dict.fromkeys((Conv, ConvTranspose, Upsample, AveragePool, BlurPool, BlurUpsample), "conv"),
    MinibatchStd: "minibatch-std",
    **dict.fromkeys((BatchNorm, LayerNorm, InstanceNorm), "norm"),
    SelfAttention: "attention",
    ReconstructionLogit: "reconstruction",
    Residual: "residual",
    Concat: "concat",
}
