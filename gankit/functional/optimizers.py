"""The updates of `gankit.optimizers`, as pure functions.

Scalars are floats or float64 scalars on the device; they are rounded to a weight's precision in
`Framework.scale`, after everything that concerns them alone was computed in float64.
"""

from __future__ import annotations

from collections.abc import Mapping

from gankit.contract import add_prefix, strip_prefix
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop

Number = float | Tensor
"""A float, or a float64 scalar on the device."""


def updated(
    ops: Operations,
    optimizer: Optimizer,
    weights: Tensors,
    gradients: Tensors,
    state: Tensors,
    scalars: Mapping[str, Number],
) -> tuple[Tensors, Tensors]:
    """Return the weights and the optimizer's state after one update.

    The formulas are those of `gankit.optimizers`: gradient descent, RMSprop (Tieleman & Hinton
    2012), and Adam with bias correction (Kingma & Ba 2015).

    Parameters
    ----------
    ops
        The operations on the tensors.
    optimizer
        Which update.
    weights, gradients
        By the same names, with the same shapes.
    state
        The optimizer's state, as in `gankit.optimizers.initial_state`; "t" in float64.
    scalars
        "learning_rate", and "beta2" for Adam.
    """
    rate = scalars["learning_rate"]
    match optimizer:
        case SGD():
            moves, state = gradients, {}
        case RMSprop():
            moves, state = _rmsprop(ops, optimizer, gradients, state)
        case Adam():
            rate, moves, state = _adam(ops, optimizer, gradients, state, scalars)
    moved = {name: w - ops.scale(rate, moves[name]) for name, w in weights.items()}
    if (most := optimizer.clip) is not None:
        moved = {name: ops.xp.clip(w, -most, most) for name, w in moved.items()}
    return moved, state


def _rmsprop(
    ops: Operations, rmsprop: RMSprop, gradients: Tensors, state: Tensors
) -> tuple[Tensors, Tensors]:
    """Return the moves before the learning rate, and the state (Tieleman & Hinton 2012)."""
    v = _blended_squares(ops, rmsprop.decay, strip_prefix(state, "v"), gradients)
    moves = {
        name: gradient / (ops.xp.sqrt(v[name]) + rmsprop.epsilon)
        for name, gradient in gradients.items()
    }
    return moves, add_prefix("v", v)


def _adam(
    ops: Operations,
    adam: Adam,
    gradients: Tensors,
    state: Tensors,
    scalars: Mapping[str, Number],
) -> tuple[Number, Tensors, Tensors]:
    """Return the corrected rate, the moves and the state (Kingma & Ba 2015, algorithm 1)."""
    t, beta2 = state["t"] + 1, scalars["beta2"]
    m = {
        name: blended(ops, adam.beta1, old, gradients[name])
        for name, old in strip_prefix(state, "m").items()
    }
    v = _blended_squares(ops, beta2, strip_prefix(state, "v"), gradients)
    rate, correction = scalars["learning_rate"] / (1 - adam.beta1**t), 1 / (1 - beta2**t)
    moves = {
        name: m[name] / (ops.xp.sqrt(ops.scale(correction, v[name])) + adam.epsilon)
        for name in gradients
    }
    return rate, moves, add_prefix("m", m) | add_prefix("v", v) | {"t": t}


def _blended_squares(ops: Operations, share: Number, old: Tensors, gradients: Tensors) -> Tensors:
    return {
        name: blended(ops, share, square, ops.xp.square(gradients[name]))
        for name, square in old.items()
    }


def blended(ops: Operations, share: Number, old: Tensor, new: Tensor) -> Tensor:
    """Return `share * old + (1 - share) * new`, in the shape and dtype of `old`.

    `share` is in [0, 1]; `1 - share` is computed in float64.
    """
    return ops.scale(share, old) + ops.scale(1 - share, new)


def averaged(ops: Operations, share: Number, average: Tensors, weights: Tensors) -> Tensors:
    """Return the moving average of the weights after an update: `gankit.optimizers.Average`.

    Parameters
    ----------
    ops
        The operations on the tensors.
    share
        Share of the old average, in [0, 1].
    average, weights
        The average before the update, and the weights after it, by the same names.
    """
    return {name: blended(ops, share, average[name], w) for name, w in weights.items()}
