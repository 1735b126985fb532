"""What an array framework must provide so that `gankit.functional` can train with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Precision
from gankit.functional import defaults

Tensor: TypeAlias = Any
"""An array of the framework."""
Tensors: TypeAlias = dict[str, Tensor]
Extra: TypeAlias = Any
"""What a function returns beside its value: nested tuples and dictionaries of tensors."""

NAMES = frozenset({
    "broadcast_to", "clip", "concatenate", "exp", "log", "log1p", "matmul", "max",
    "mean", "ones_like", "pad", "reshape", "sign", "sqrt", "sum", "tanh", "where",
    "zeros_like",
})  # fmt: skip
"""The functions of `Framework.xp`, with NumPy's names and these arguments alone:

    exp(x)  log(x)  log1p(x)  sign(x)  sqrt(x)  tanh(x)  ones_like(x)  zeros_like(x)
    broadcast_to(x, shape)  reshape(x, shape)      shape is a tuple, one size may be -1
    clip(x, low, high)                             low and high are Python numbers
    concatenate([x, y], axis=0)
    matmul(x, y)                                   with equal leading axes
    max(x, axis=1, keepdims=True)                  the same for mean and sum, axis may be a tuple;
                                                   mean and sum also without arguments
    pad(x, ((0, 0), (1, 1)), "constant")           with zeros
    where(condition, x, y)                         x and y are tensors

Tensors have `shape`, `+ - * /`, unary `-`, `**`, the comparisons `< > >= ==`, and basic slices with
positive steps. `**` has a Python number on one side.
"""

Scan: TypeAlias = Callable[..., tuple[Any, Any]]


class Framework(ABC):
    """An array framework with automatic derivatives.

    A subclass defines the abstract methods and `xp`. It may override any other method with a
    faster one; the inherited method defines what it must return.
    """

    xp: ClassVar[Any]
    """A namespace with the functions of `NAMES`."""

    def __init__(self, precision: Precision, device: str) -> None:
        """Store both.

        Parameters
        ----------
        precision
            "float32" or "float64", of weights and images.
        device
            "auto", or a device as the framework names it.
        """
        self.precision, self.device = precision, device

    @abstractmethod
    def array(self, values: NDArray[Any], /) -> Tensor:
        """Return `values` as a tensor on the device, with their shape and dtype."""

    @abstractmethod
    def numpy(self, tensor: Tensor, /) -> NDArray[Any]:
        """Return a copy of `tensor` as a NumPy array."""

    @abstractmethod
    def constant(self, tensor: Tensor, /) -> Tensor:
        """Return the numbers of `tensor` as a constant: no gradient flows through it."""

    @abstractmethod
    def scale(self, number: float | Tensor, tensor: Tensor, /) -> Tensor:
        """Return `number * tensor` in the precision of `tensor`.

        `number` is a float, or a float64 scalar on the device; it is rounded to the tensor's
        precision before the product.
        """

    @abstractmethod
    def float64(self, tensor: Tensor, /) -> Tensor:
        """Return `tensor` in float64."""

    @abstractmethod
    def value_and_grad(
        self, f: Callable[[Tensors], tuple[Tensor, Extra]], weights: Tensors, /
    ) -> tuple[Tensor, Extra, Tensors]:
        """Return `f(weights)[0]`, a scalar, `f(weights)[1]`, and the gradient of the scalar."""

    @abstractmethod
    def grad(self, f: Callable[[Tensor], Tensor], x: Tensor, /) -> Tensor:
        """Return the gradient of the scalar `f(x)` by `x`; it can be differentiated again."""

    def cond(
        self, flag: float | Tensor, f: Callable[[], Any], otherwise: Callable[[], Any], /
    ) -> Any:  # noqa: ANN401 - whatever the two return.
        """Return one of two values; a compiled update computes only that one.

        Parameters
        ----------
        flag
            A number, or a scalar on the device; positive for the first.
        f, otherwise
            Functions that return the first and the second value, of equal structure.
        """
        return f() if flag > 0 else otherwise()

    def compile(
        self,
        function: Callable[..., Any],
        /,
        *,
        consumes: bool,  # noqa: ARG002 - nothing is compiled by default.
    ) -> Callable[..., Any]:
        """Return `function`, which is pure, compiled; by default, unchanged.

        `consumes` is True if its first argument is not used after the call, so that its memory
        may be reused.
        """
        return function

    scan: Scan | None = None
    """`scan(step, state, inputs)`: call `state, output = step(state, row)` for each row of
    `inputs`, nested tensors with one row more axis in front; return the last state and the
    outputs, stacked. None, the default: the backend trains without blocks."""

    def take(self, x: Tensor, index: Tensor, /, *, axis: int = 0) -> Tensor:
        """Return rows of an array; blocks need it.

        Parameters
        ----------
        x
            The array.
        index
            Positions of the rows, whole numbers of any shape.
        axis
            The axis of the rows; 0 by default.
        """
        raise NotImplementedError

    def softplus(self, x: Tensor, /) -> Tensor:
        """Return log(1 + exp(`x`)), exact at both ends; its derivative at 0 is 1/2."""
        return defaults.softplus(self.xp, x)

    def sigmoid(self, x: Tensor, /) -> Tensor:
        """Return 1 / (1 + exp(-`x`)), exact at both ends."""
        return defaults.sigmoid(self.xp, x)

    def conv(
        self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int, groups: int
    ) -> Tensor:
        """Return a convolution, as `gankit.layers.Conv` defines it.

        Parameters
        ----------
        x
            `(n, height, width, channels)` images.
        kernel
            `(k, k, channels / groups, filters)`.
        stride, padding, groups
            Those of the layer.
        """
        return defaults.conv(self.xp, x, kernel, stride, padding, groups)

    def conv_transpose(self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int) -> Tensor:
        """Return a transposed convolution, as `gankit.layers.ConvTranspose` defines it.

        Parameters
        ----------
        x
            `(n, height, width, channels)` images.
        kernel
            `(k, k, channels, filters)`.
        stride, padding
            Those of the layer.
        """
        return defaults.conv_transpose(self.xp, self.conv, x, kernel, stride, padding)

    def shift(self, images: Tensor, offsets: Tensor, /) -> Tensor:
        """Shift each of `images` by its row of `offsets`, as `AugmentOps` defines it.

        `images` are `(B, height, width, channels)`, `offsets` `(B, 2)` whole numbers in the same
        precision.
        """
        rows, columns = (
            self.array(np.arange(side, dtype=self.precision)) for side in images.shape[1:3]
        )
        return defaults.shift(self.xp, images, offsets, rows, columns)
