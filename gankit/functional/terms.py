"""The formulas of terms (`gankit.terms`) on a framework's tensors."""

from __future__ import annotations

import math

from gankit.functional import defaults
from gankit.functional.operations import Operations, Tensor
from gankit.terms import Kind

SMALLEST = 1e-12
"""Added to a squared length or a probability, so that it is not 0."""


def compared(ops: Operations, kind: Kind, of: Tensor, to: Tensor) -> Tensor:
    """Return a term of a head and of a code or labels, without its weight, a scalar.

    Parameters
    ----------
    ops
        The operations on the tensors.
    kind
        The term's kind.
    of
        `(B, size)`, of a "gaussian" term `(B, 2 * size)`: means, then logarithms of variances.
    to
        `(B, size)`, of a "cross-entropy" one-hot, of a "binary-cross-entropy" 0 and 1.
    """
    xp = ops.xp
    match kind:
        case "cross-entropy":
            return defaults.cross_entropy(xp, ops.constant, of, to)
        case "l1" | "l2":
            return xp.mean(_distance(ops, kind, of, to))
        case "binary-cross-entropy":
            return xp.mean(ops.softplus(of) - to * of)
        case "gaussian":
            size = to.shape[1]
            means, logs = of[:, :size], of[:, size:]
            exponents = xp.square(to - means) * xp.exp(-logs) + logs + math.log(2 * math.pi)
            return xp.mean(xp.sum(0.5 * exponents, axis=1))
    raise TypeError(f"got a term of kind {kind}; expected one of a head")


def matched(ops: Operations, fakes: Tensor, reals: Tensor) -> Tensor:
    """Return the sum of squares of the mean of `fakes` minus the mean of `reals`, a scalar.

    Each is `(n, features)`, this process's rows; the means are those of the whole batch.
    """
    xp = ops.xp
    ones = xp.ones_like(fakes[:, :1])
    sums = (
        xp.sum(xp.concatenate([rows, ones], axis=1), axis=0, keepdims=True)
        for rows in (fakes, reals)
    )
    # A row of each process: what is made of all of them is the same in every process.
    of, to = (xp.sum(each, axis=0) for each in ops.sums.whole(ops.sums.world.size, *sums))
    return xp.sum(xp.square(of[:-1] / of[-1:] - to[:-1] / to[-1:]))


def weighted(weight: float | None, loss: Tensor) -> Tensor:
    """Return a loss times a weight; unchanged without one, and with the weight 1."""
    return loss if weight is None or weight == 1 else weight * loss


def distances(ops: Operations, kind: Kind, of: Tensor, to: Tensor) -> Tensor:
    """Return the mean distance of each value from another, `(B,)`.

    Parameters
    ----------
    ops
        The operations on the tensors.
    kind
        "l1" or "l2".
    of, to
        `(B, height, width, channels)` images, or `(B, columns)`.
    """
    return ops.xp.mean(_distance(ops, kind, of, to), axis=tuple(range(1, len(of.shape))))


def divergences(ops: Operations, of: Tensor) -> Tensor:
    """Return the divergence of each row's normal distribution from the standard one, `(B,)`.

    `of` is `(B, 2 * size)`: means, then logarithms of variances.
    """
    means, logs = _halves(of)
    return ops.xp.sum(0.5 * (ops.xp.square(means) + ops.xp.exp(logs) - logs - 1), axis=1)


def likeness(ops: Operations, rows: Tensor) -> Tensor:
    """Return the mean of the squared cosine of every pair of `(B, features)` rows, a scalar.

    A row of zeros has the cosine 0 with every other.
    """
    xp = ops.xp
    lengths = xp.sqrt(xp.sum(xp.square(rows), axis=1, keepdims=True) + SMALLEST)
    units = rows / lengths
    count = xp.sum(xp.ones_like(units[:, :1]))
    stack = xp.reshape(units, (1, -1, units.shape[1]))
    products = ops.row_products(stack, stack)
    own = xp.square(xp.sum(xp.square(units), axis=1))
    pairs = count * (ops.relu(count - 2) + 1)  # At least 1, for one image.
    return (xp.sum(xp.square(products)) - xp.sum(own)) / pairs


def information(ops: Operations, of: Tensor, again: Tensor) -> Tensor:
    """Return minus the mutual information of the classes of two views of an image, a scalar.

    Each is `(B, classes)` logits.
    """
    xp, count = ops.xp, of.shape[1]
    views = [xp.exp(x - defaults.row_logsumexp(xp, ops.constant, x)) for x in (of, again)]
    columns, rows = (
        [xp.reshape(view, shape) for view in views] for shape in ((-1, count, 1), (-1, 1, count))
    )
    products = columns[0] * rows[1] + columns[1] * rows[0]
    joint = 0.5 * xp.mean(products, axis=0) + SMALLEST
    own = xp.sum(joint, axis=1)
    return 2 * xp.sum(own * xp.log(own)) - xp.sum(joint * xp.log(joint))


def sampled(ops: Operations, of: Tensor, normal: Tensor) -> Tensor:
    """Return `(B, size)` numbers of the normal distributions `of`, as in `divergences`.

    `normal` are `(B, size)` standard normal numbers.
    """
    means, logs = _halves(of)
    return means + ops.xp.exp(0.5 * logs) * normal


def _halves(of: Tensor) -> tuple[Tensor, Tensor]:
    size = of.shape[1] // 2
    return of[:, :size], of[:, size:]


def _distance(ops: Operations, kind: Kind, of: Tensor, to: Tensor) -> Tensor:
    """Return |of - to| of the kind "l1", (of - to)^2 of "l2", for each entry."""
    if kind == "l1":
        return ops.relu(of - to) + ops.relu(to - of)
    return ops.xp.square(of - to)
