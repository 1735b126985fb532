"""A digest of an adversarial loss, to decide whether two losses are the same.

A loss consists of functions, which cannot be compared or saved; their values and gradients can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError
from gankit.losses import Loss

REAL = np.array([-37, -9.1, -2.77, -0.63, 0.21, 1.39, 4.57, 21]) + 1 / 128
FAKE = np.array([-24, -5.3, -1.61, -0.34, 0.48, 2.83, 8.9, 33]) + 1 / 128
"""The logits at which losses are compared; no whole numbers, at which hinges have kinks."""


@dataclass(frozen=True, eq=False)
class Dual:
    """Numbers with their derivatives by all logits.

    Attributes
    ----------
    value
        `(n,)`, or `()`.
    slopes
        `(n, m)`, or `(m,)`: derivatives of each number by each of m logits.
    """

    value: NDArray[np.float64]
    slopes: NDArray[np.float64]

    def __add__(self, other: Dual | float) -> Dual:
        """Return the sum."""
        other = _dual(other, self)
        return Dual(self.value + other.value, self.slopes + other.slopes)

    def __mul__(self, other: Dual | float) -> Dual:
        """Return the product."""
        other = _dual(other, self)
        left, right = self.value[..., np.newaxis], other.value[..., np.newaxis]
        return Dual(self.value * other.value, left * other.slopes + right * self.slopes)

    def __neg__(self) -> Dual:
        """Return the negative."""
        return Dual(-self.value, -self.slopes)

    def __sub__(self, other: Dual | float) -> Dual:
        """Return the difference."""
        return self + -_dual(other, self)

    def __rsub__(self, other: float) -> Dual:
        """Return the difference from a number."""
        return -self + other

    __radd__, __rmul__ = __add__, __mul__
    __array_ufunc__ = None
    """Makes NumPy leave `array * Dual` to the methods above."""


def _dual(number: Dual | float, like: Dual) -> Dual:
    if isinstance(number, Dual):
        return number
    return Dual(np.asarray(number, np.float64), np.zeros(like.slopes.shape[-1]))


class DualLossOps:
    """The three operations of a loss, with derivatives."""

    def relu(self, logits: Dual) -> Dual:
        """Return max(x, 0)."""
        return _mapped(logits, np.maximum(logits.value, 0), (logits.value > 0).astype(np.float64))

    def softplus(self, logits: Dual) -> Dual:
        """Return log(1 + exp(x)), whose derivative is the sigmoid."""
        sigmoid = np.exp(-np.logaddexp(0, -logits.value))
        return _mapped(logits, np.logaddexp(logits.value, 0), sigmoid)

    def mean(self, logits: Dual) -> Dual:
        """Return the mean over the batch."""
        return Dual(logits.value.mean(), np.atleast_2d(logits.slopes).mean(axis=0))


def _mapped(inputs: Dual, value: NDArray[np.float64], slope: NDArray[np.float64]) -> Dual:
    return Dual(value, slope[..., np.newaxis] * inputs.slopes)


def loss_digest(loss: Loss) -> str | None:
    """Return 64 hexadecimal digits, which differ if a value or gradient of the loss differs.

    Numbers are rounded to 9 digits first, since the last ones depend on the processor. Returns
    None if a formula uses more than `+ - *` and the three operations.

    Raises
    ------
    ConfigError
        A formula does not return a single number.
    """
    slopes = np.eye(len(REAL) + len(FAKE))
    real, fake = Dual(REAL, slopes[: len(REAL)]), Dual(FAKE, slopes[len(REAL) :])
    ops = DualLossOps()
    formulas: dict[str, Callable[[], Any]] = {
        "discriminator": lambda: loss.discriminator(ops, real, fake),
        "generator": lambda: loss.generator(ops, real if loss.paired else None, fake),
    }
    if (of_fakes := loss.of_fakes) is not None:
        formulas["of_fakes"] = lambda: of_fakes(ops, fake)
    try:
        made = {role: _dual(formula(), real) for role, formula in formulas.items()}
    except (TypeError, AttributeError):
        return None
    for role, number in made.items():
        if number.value.shape:
            raise ConfigError(
                f"loss {loss.name!r}: its {role} returns {number.value.size} numbers for "
                f"{len(REAL)} logits; expected one; use ops.mean"
            )
    parts = [str(loss.paired), *(f"{role} {_rounded(number)}" for role, number in made.items())]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _rounded(made: Dual) -> str:
    """Return value and slopes, rounded to 9 digits of the largest."""
    numbers = np.append(made.slopes, made.value)
    scale = np.abs(numbers).max() or 1.0
    shares = np.round(numbers / scale, 9) + 0.0  # -0.0 becomes 0.0.
    return " ".join([f"{scale:.8e}", *(f"{share:.9f}" for share in shares)])
