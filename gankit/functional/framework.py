"""What an array framework must provide so that `gankit.functional` can train with it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.functional import defaults
from gankit.functional.operations import Operations, Tensor, Tensors

Extra: TypeAlias = Any
"""What a function returns beside its value: nested tuples and dictionaries of tensors."""
Scan: TypeAlias = Callable[..., tuple[Any, Any]]
Apply: TypeAlias = Callable[..., tuple[Tensors, Tensors]]
Pull: TypeAlias = Callable[[Tensors], Tensors]
"""Gradients of values, by name, to the gradients of the weights that they were computed from."""


class Framework(Operations):
    """An array framework with automatic derivatives of functions of a network's weights.

    As in `Operations`, methods that are not abstract may be overridden by faster ones.
    """

    @abstractmethod
    def numpy(self, tensor: Tensor, /) -> NDArray[Any]:
        """Return a copy of `tensor` as a NumPy array."""

    @abstractmethod
    def value_and_grad(
        self, f: Callable[[Tensors], tuple[Tensor, Extra]], weights: Tensors, /
    ) -> tuple[Tensor, Extra, Tensors]:
        """Return `f(weights)[0]`, a scalar, `f(weights)[1]`, and the gradient of the scalar.

        All are constants. The gradient has every name of `weights`: zeros for one that is not used.
        """

    def vjp(
        self, f: Callable[[Tensors], tuple[Tensors, Extra]], weights: Tensors, /
    ) -> tuple[Tensors, Extra, Pull]:
        """Return `f(weights)[0]`, tensors by name, `f(weights)[1]`, and the first ones' derivative.

        The first two are constants. The derivative takes a gradient for each of the tensors, and is
        called once; by default `f` runs again for it.
        """
        values, extra = f(weights)

        def pull(gradients: Tensors) -> Tensors:
            def product(weights: Tensors) -> tuple[Tensor, Extra]:
                again = f(weights)[0]
                sums = [self.xp.sum(again[name] * gradients[name]) for name in again]
                return sum(sums[1:], sums[0]), ()

            return self.value_and_grad(product, weights)[2]

        return {name: self.constant(value) for name, value in values.items()}, extra, pull

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

    apply: Apply | None = None
    """`apply(optimizer, weights, gradients, slots, scalars)`: one update of a network's weights,
    as `gankit.functional.updated` defines it without its first argument; it may write into
    `weights` and `slots`. None, the default: the update is computed by `updated`."""

    def take(self, x: Tensor, index: Tensor, /, *, axis: int = 0) -> Tensor:
        """Return rows of an array, in its dtype; blocks read their images with it.

        By default they are a product with a matrix of zeros and ones: correct, slow, and only for
        dtypes that the framework's `matmul` takes.

        Parameters
        ----------
        x
            The array, uint8 or floating; finite.
        index
            Positions of the rows, whole numbers of any shape; it takes the place of the axis.
        axis
            The axis of the rows; 0 by default.
        """
        places = self.array(np.arange(x.shape[axis], dtype=np.float64))
        return defaults.take(self.xp, x, self.float64(index), places, axis)
