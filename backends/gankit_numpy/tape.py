"""Derivatives of a loss with respect to its logits, by reverse accumulation.

A loss is a formula of a handful of operations on `(n,)` logits, a user's own perhaps, so its
derivative cannot be written out beforehand. `Tracked` remembers how each value came about;
`gradients` walks back from the loss (Griewank & Walther 2008, chapter 3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.losses import Formula

Value: TypeAlias = NDArray[np.floating[Any]]
Pullback: TypeAlias = Callable[[Value], Value]


class Tracked:
    """A value and, for each value it was made of, how to pull a gradient back to that."""

    __array_ufunc__ = None  # NumPy scalars on the left leave the operation to us.

    def __init__(self, value: Value, *parents: tuple[Tracked, Pullback]) -> None:
        self.value = value
        self.parents = parents
        self.gradient = np.zeros_like(value)

    def __add__(self, other: Tracked | float) -> Tracked:
        if not isinstance(other, Tracked):
            return Tracked(self.value + other, (self, lambda g: g))
        return Tracked(self.value + other.value, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other: Tracked | float) -> Tracked:
        if not isinstance(other, Tracked):
            return Tracked(self.value * other, (self, lambda g: g * other))
        a, b = self.value, other.value
        return Tracked(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __neg__(self) -> Tracked:
        return self * -1.0

    def __sub__(self, other: Tracked | float) -> Tracked:
        return self + -other

    def __rsub__(self, other: float) -> Tracked:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__


class Ops:
    """The three operations of `gankit.losses.Ops`."""

    def softplus(self, logits: Tracked) -> Tracked:
        """Return log(1 + exp(logits)); its derivative is the logistic function."""
        slope = 0.5 * (1 + np.tanh(0.5 * logits.value))
        value = np.logaddexp(logits.value, 0, dtype=logits.value.dtype)
        return Tracked(value, (logits, lambda g: g * slope))

    def relu(self, logits: Tracked) -> Tracked:
        """Return max(logits, 0)."""
        above = logits.value > 0
        return Tracked(logits.value * above, (logits, lambda g: g * above))

    def mean(self, logits: Tracked) -> Tracked:
        """Return the mean over the batch."""
        size, shape = logits.value.size, logits.value.shape
        return Tracked(logits.value.mean(), (logits, lambda g: np.broadcast_to(g / size, shape)))


def gradients(
    formula: Formula, real: Value | None, fake: Value
) -> tuple[float, Value | None, Value]:
    """Return the loss and its gradients with respect to `real` and `fake`, each `(n,)`."""
    reals, fakes = None if real is None else Tracked(real), Tracked(fake)
    loss = formula(Ops(), reals, fakes)
    loss.gradient = np.ones_like(loss.value)
    for node in _latest_first(loss):
        for parent, pullback in node.parents:
            pulled = pullback(node.gradient)
            parent.gradient = parent.gradient + _fold(pulled, parent.value.shape)
    return float(loss.value), None if reals is None else reals.gradient, fakes.gradient


def _latest_first(loss: Tracked) -> list[Tracked]:
    """Return every value that `loss` was made of, each before what it was made of itself."""
    order: dict[int, Tracked] = {}

    def visit(node: Tracked) -> None:
        if id(node) not in order:
            for parent, _ in node.parents:
                visit(parent)
            order[id(node)] = node

    visit(loss)
    return list(order.values())[::-1]


def _fold(gradient: Value, shape: tuple[int, ...]) -> Value:
    """Sum a gradient over the batch where a scalar was broadcast to it."""
    return gradient.sum() if shape == () and gradient.shape != () else gradient
