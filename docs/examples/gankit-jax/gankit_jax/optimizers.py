"""The updates of `gankit.optimizers`; what is one number is worked out in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from gankit.optimizers import SGD, Adam, RMSprop
from gankit.state import part, under

ROLES = {SGD: "", RMSprop: "v", Adam: "mv"}


def first(optimizer, weights):
    """Return an optimizer's state before any update, as NumPy arrays."""
    roles = ROLES[type(optimizer)]
    state = {
        f"{role}/{name}": np.zeros_like(w)
        for role in roles
        for name, w in weights.items()
    }
    return state | (
        {"t": np.zeros((), np.int64)} if isinstance(optimizer, Adam) else {}
    )


def updated(optimizer, weights, slopes, old, rates):
    """Return the weights and the optimizer's state after one update against the `slopes`."""
    rate, moves, state = rates["learning_rate"], slopes, {}
    squares, v = {name: g * g for name, g in slopes.items()}, part(old, "v")
    match optimizer:
        case RMSprop(decay=decay, epsilon=epsilon):
            v = jax.tree.map(partial(blended, decay), v, squares)
            moves = jax.tree.map(lambda g, v: g / (jnp.sqrt(v) + epsilon), slopes, v)
            state = under("v", v)
        case Adam(beta1=beta1, epsilon=epsilon):
            t, beta2 = old["t"] + 1, rates["beta2"]
            m = jax.tree.map(partial(blended, beta1), part(old, "m"), slopes)
            v = jax.tree.map(partial(blended, beta2), v, squares)
            rate, more = rate / (1 - beta1**t), 1 / (1 - beta2**t)
            moves = jax.tree.map(
                lambda m, v: m / (jnp.sqrt(times(more, v)) + epsilon), m, v
            )
            state = under("m", m) | under("v", v) | {"t": t}
    weights = jax.tree.map(lambda w, move: w - times(rate, move), weights, moves)
    if (most := optimizer.clip) is not None:
        weights = jax.tree.map(lambda w: jnp.clip(w, -most, most), weights)
    return weights, state


def blended(share, old, new):
    """Return `share * old + (1 - share) * new`."""
    return times(share, old) + times(1 - share, new)


def times(number, array):
    """Return the product in the array's precision, whatever the number's."""
    return jnp.asarray(number, array.dtype) * array
