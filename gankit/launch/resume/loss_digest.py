"""A digest of an adversarial loss, to decide whether two losses are the same.

A loss consists of functions, which cannot be compared or saved; their values and gradients can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gankit.errors import ConfigError
from gankit.followers import as_floats
from gankit.launch.resume.dual_numbers import Dual, DualLossOps, dual
from gankit.losses import Loss, NumpyFollowerOps, check_paired

REAL = np.array([-37, -9.1, -2.77, -0.63, 0.21, 1.39, 4.57, 21]) + 1 / 128
FAKE = np.array([-24, -5.3, -1.61, -0.34, 0.48, 2.83, 8.9, 33]) + 1 / 128
"""The logits at which losses are compared; not integers, at which hinge losses have kinks."""


def loss_digest(loss: Loss) -> str | None:
    """Return 64 hexadecimal digits, which differ if a value or gradient of the loss differs.

    Numbers are rounded to 9 digits first, since the last ones depend on the processor. Returns
    None if a formula uses more than `+ - *` and the operations of `LossOps`.

    Raises
    ------
    ConfigError
        A formula fails, does not return a single number, or uses `real` without `paired`.
    """
    check_paired(loss)
    follower, loss = loss.follower, loss.given()
    derivatives = np.eye(len(REAL) + len(FAKE))
    real, fake = Dual(REAL, derivatives[: len(REAL)]), Dual(FAKE, derivatives[len(REAL) :])
    ops = DualLossOps()
    formulas: dict[str, Callable[[], Any]] = {
        "discriminator": lambda: loss.discriminator(ops, real, fake),
        "generator": lambda: loss.generator(ops, real if loss.paired else None, fake),
    }
    if (of_fakes := loss.of_fakes) is not None:
        formulas["of_fakes"] = lambda: of_fakes(ops, fake)
    try:
        made = {role: dual(formula(), real) for role, formula in formulas.items()}
    except ConfigError as error:
        if not isinstance(error.__cause__, TypeError | AttributeError | ValueError):
            raise
        return None
    parts = [str(loss.paired), *(f"{role} {_rounded(number)}" for role, number in made.items())]
    if follower:
        scalars = as_floats(follower.initial_scalars())
        moved = as_floats(follower.follow(NumpyFollowerOps(), scalars, REAL, FAKE))
        parts += [f"{name} {scalars[name]:.8e} {moved[name]:.8e}" for name in sorted(scalars)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _rounded(made: Dual) -> str:
    """Return value and derivatives as text, rounded to 9 digits of the largest."""
    numbers = np.append(made.derivatives, made.value)
    scale = np.abs(numbers).max() or 1.0
    shares = np.round(numbers / scale, 9) + 0.0  # -0.0 becomes 0.0.
    return " ".join([f"{scale:.8e}", *(f"{share:.9f}" for share in shares)])
