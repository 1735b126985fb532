"""Dual numbers: arithmetic computes their derivatives together with their values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gankit.losses import NumpyLossOps

logsumexp = NumpyLossOps.logsumexp


@dataclass(frozen=True, eq=False)
class Dual:
    """Numbers with their derivatives by all logits.

    Attributes
    ----------
    value
        `(n,)`, or `()`.
    derivatives
        `(n, m)`, or `(m,)`: derivatives of each number by each of m logits.
    """

    value: NDArray[np.float64]
    derivatives: NDArray[np.float64]

    def __add__(self, other: Dual | float) -> Dual:
        """Return the sum."""
        other = dual(other, self)
        return Dual(self.value + other.value, self.derivatives + other.derivatives)

    def __mul__(self, other: Dual | float) -> Dual:
        """Return the product."""
        other = dual(other, self)
        left, right = self.value[..., np.newaxis], other.value[..., np.newaxis]
        return Dual(self.value * other.value, left * other.derivatives + right * self.derivatives)

    def __neg__(self) -> Dual:
        """Return the negative."""
        return Dual(-self.value, -self.derivatives)

    def __sub__(self, other: Dual | float) -> Dual:
        """Return the difference."""
        return self + -dual(other, self)

    def __rsub__(self, other: float) -> Dual:
        """Return the difference from a number."""
        return -self + other

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.value.shape

    __radd__, __rmul__ = __add__, __mul__
    __array_ufunc__ = None
    """Makes NumPy use the methods above for `array * Dual`."""


def dual(number: Dual | float, like: Dual) -> Dual:
    """Return a number as a Dual; a plain number has derivatives of 0, as many as `like`."""
    if isinstance(number, Dual):
        return number
    return Dual(np.asarray(number, np.float64), np.zeros(like.derivatives.shape[-1]))


class DualLossOps:
    """The operations of a loss, with derivatives."""

    def exp(self, logits: Dual) -> Dual:
        """Return e^x, which is its own derivative."""
        value = np.exp(logits.value)
        return _mapped(logits, value, value)

    def log(self, logits: Dual) -> Dual:
        """Return the natural logarithm, whose derivative is 1/x."""
        return _mapped(logits, np.log(logits.value), 1 / logits.value)

    def logsumexp(self, logits: Dual) -> Dual:
        """Return log(sum(exp(x))) over the batch, whose derivative is the softmax."""
        value = np.asarray(logsumexp(logits.value), np.float64)
        return Dual(value, np.exp(logits.value - value) @ logits.derivatives)

    def relu(self, logits: Dual) -> Dual:
        """Return max(x, 0)."""
        return _mapped(logits, np.maximum(logits.value, 0), (logits.value > 0).astype(np.float64))

    def softplus(self, logits: Dual) -> Dual:
        """Return log(1 + exp(x)), whose derivative is the sigmoid."""
        sigmoid = np.exp(-np.logaddexp(0, -logits.value))
        return _mapped(logits, np.logaddexp(logits.value, 0), sigmoid)

    def mean(self, logits: Dual) -> Dual:
        """Return the mean over the batch."""
        return Dual(logits.value.mean(), np.atleast_2d(logits.derivatives).mean(axis=0))


def _mapped(inputs: Dual, value: NDArray[np.float64], derivative: NDArray[np.float64]) -> Dual:
    return Dual(value, derivative[..., np.newaxis] * inputs.derivatives)
