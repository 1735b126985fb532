"""The formulas of terms (`gankit.terms`) on a framework's tensors."""

from __future__ import annotations

import math

from gankit.functional import defaults
from gankit.functional.operations import Operations, Tensor
from gankit.terms import Kind


def compared(ops: Operations, kind: Kind, of: Tensor, to: Tensor) -> Tensor:
    """Return a term of the outputs of a head and of a code, without its weight, a scalar.

    Parameters
    ----------
    ops
        The operations on the tensors.
    kind
        The term's kind.
    of
        `(B, size)`, of a "gaussian" term `(B, 2 * size)`: means, then logarithms of variances.
    to
        `(B, size)`, of a "cross-entropy" one-hot.
    """
    xp = ops.xp
    match kind:
        case "cross-entropy":
            return defaults.cross_entropy(xp, ops.constant, of, to)
        case "l1":
            return xp.mean(ops.relu(of - to) + ops.relu(to - of))
        case "l2":
            return xp.mean(xp.square(of - to))
        case "gaussian":
            size = to.shape[1]
            means, logs = of[:, :size], of[:, size:]
            exponents = xp.square(to - means) * xp.exp(-logs) + logs + math.log(2 * math.pi)
            return xp.mean(xp.sum(0.5 * exponents, axis=1))
