"""Automatic differentiation: values that record their computation, and their gradients.

Reverse accumulation (Griewank & Walther 2008, chapter 3). A pullback consists of operations on
`Tracked` values, so a gradient is a tracked value too, and a gradient penalty is a formula like any
other.

>>> x = variable(np.array([1.0, 2.0]))
>>> (slope,) = gradients(sum_to(x * x * x, ()), [x], differentiable=True)
>>> slope.value
array([ 3., 12.])
>>> gradients(sum_to(slope, ()), [x])[0].value
array([ 6., 12.])
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import State

Value: TypeAlias = NDArray[np.floating[Any]]
Shape: TypeAlias = tuple[int, ...]
Pullback: TypeAlias = "Callable[[Tracked], Tracked]"
"""Takes the gradient of a value and returns that of one of its inputs."""
Number: TypeAlias = "Tracked | Value | float"

_serials = itertools.count()


class Tracked:
    """A value and, for each live input of it, the pullback to that input.

    Attributes
    ----------
    live
        Whether it is a variable or was computed from one. Others are constants and record
        nothing.
    serial
        Larger than those of its inputs.
    """

    __slots__ = ("live", "parents", "serial", "value")
    __array_ufunc__ = None  # NumPy values on the left defer the operation to this class.

    def __init__(
        self, value: Value, *parents: tuple[Tracked, Pullback], live: bool = False
    ) -> None:
        self.value = value
        self.parents = tuple(pair for pair in parents if pair[0].live)
        self.live: bool = live or bool(self.parents)
        self.serial = next(_serials)

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.value.shape

    def __add__(self, other: Number) -> Tracked:
        a, b = self, self._lift(other)
        return Tracked(
            a.value + b.value, (a, lambda g: sum_to(g, a.shape)), (b, lambda g: sum_to(g, b.shape))
        )

    def __mul__(self, other: Number) -> Tracked:
        a, b = self, self._lift(other)
        return Tracked(
            a.value * b.value,
            (a, lambda g: sum_to(g * b, a.shape)),
            (b, lambda g: sum_to(g * a, b.shape)),
        )

    def __pow__(self, exponent: float) -> Tracked:
        pull: Pullback = lambda g: g * (exponent * self ** (exponent - 1))  # noqa: E731
        return Tracked(np.asarray(self.value**exponent), (self, pull))

    def __neg__(self) -> Tracked:
        return self * -1.0

    def __sub__(self, other: Number) -> Tracked:
        return self + -self._lift(other)

    def __rsub__(self, other: Number) -> Tracked:
        return -self + other

    def __truediv__(self, other: Number) -> Tracked:
        return self * self._lift(other) ** -1.0

    def __rtruediv__(self, other: Number) -> Tracked:
        return self**-1.0 * other

    __radd__ = __add__
    __rmul__ = __mul__

    def _lift(self, other: Number) -> Tracked:
        """Return `other` as a tracked value of this one's precision."""
        if other is None:  # NumPy makes it a NaN.
            raise TypeError("got None; expected a number")
        return other if isinstance(other, Tracked) else constant(other, self.value.dtype)


def constant(value: Value | float, dtype: np.dtype[Any] | None = None) -> Tracked:
    """Return a value without a gradient."""
    return Tracked(np.asarray(value, dtype))


def variable(value: Value) -> Tracked:
    """Return a value with a gradient."""
    return Tracked(value, live=True)


def sum_to(inputs: Tracked, shape: Shape) -> Tracked:
    """Sum over the axes that broadcasting `shape` to the inputs' would add or stretch."""
    if inputs.shape == shape:
        return inputs
    lead = len(inputs.shape) - len(shape)
    stretched = (axis for axis, side in enumerate(shape, lead) if side != inputs.shape[axis])
    value = inputs.value.sum(axis=(*range(lead), *stretched), keepdims=True).reshape(shape)
    return Tracked(value, (inputs, lambda g: expand(g, inputs.shape)))


def expand(inputs: Tracked, shape: Shape) -> Tracked:
    """Broadcast to `shape`: the adjoint of `sum_to`."""
    if inputs.shape == shape:
        return inputs
    value = np.broadcast_to(inputs.value, shape)
    return Tracked(value, (inputs, lambda g: sum_to(g, inputs.shape)))


def gradients(
    output: Tracked, wanted: Sequence[Tracked], *, differentiable: bool = False
) -> list[Tracked]:
    """Return the gradients of a scalar with respect to each of `wanted`.

    Values that do not depend on `wanted` are skipped. With `differentiable` the gradients can
    themselves be differentiated; without, they are constants, and intermediate values are released
    as soon as possible.
    """
    found = {output.serial: constant(np.ones_like(output.value))}
    ends = {node.serial for node in wanted}
    order, needed = _between(output, ends)
    for node in order:
        gradient = found[node.serial] if node.serial in ends else found.pop(node.serial)
        for parent, pullback in node.parents:
            if parent.serial in needed:
                pulled = pullback(gradient)
                if parent.serial in found:
                    pulled = found[parent.serial] + pulled
                found[parent.serial] = pulled if differentiable else constant(pulled.value)
    return [found.get(node.serial) or constant(np.zeros_like(node.value)) for node in wanted]


def named_gradients(output: Tracked, wanted: Mapping[str, Tracked]) -> State:
    """Return the gradients of a scalar as arrays, by the names of `wanted`."""
    found = gradients(output, list(wanted.values()))
    return {name: gradient.value for name, gradient in zip(wanted, found, strict=True)}


def _between(output: Tracked, ends: set[int]) -> tuple[list[Tracked], set[int]]:
    """Return the values between `output` and the ends, latest first, and their serials."""
    reached, waiting = {output.serial: output}, [output]
    while waiting:
        for parent, _ in waiting.pop().parents:
            if parent.serial not in reached:
                reached[parent.serial] = parent
                waiting.append(parent)
    needed: set[int] = set()
    for serial in sorted(reached):
        parents = reached[serial].parents
        if serial in ends or any(parent.serial in needed for parent, _ in parents):
            needed.add(serial)
    return [reached[serial] for serial in sorted(needed, reverse=True)], needed
