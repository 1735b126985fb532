"""The updates of `gankit.optimizers`; what is one number is worked out in float64."""

from functools import partial

import jax
import jax.numpy as jnp
from gankit.contract import add_prefix, strip_prefix
from gankit.optimizers import Adam


def updated(optimizer, weights, slopes, old, rates):
    """Return the weights and the optimizer's state after one update against the `slopes`."""
    rate, moves, state = rates["learning_rate"], slopes, {}
    if isinstance(optimizer, Adam):
        t, beta1, beta2 = old["t"] + 1, optimizer.beta1, optimizer.beta2
        squares = {name: slope * slope for name, slope in slopes.items()}
        m = jax.tree.map(partial(blended, beta1), strip_prefix(old, "m"), slopes)
        v = jax.tree.map(partial(blended, beta2), strip_prefix(old, "v"), squares)
        rate, more = rate / (1 - beta1**t), 1 / (1 - beta2**t)
        moves = jax.tree.map(lambda m, v: m / (jnp.sqrt(times(more, v)) + optimizer.epsilon), m, v)
        state = add_prefix("m", m) | add_prefix("v", v) | {"t": t}
    return jax.tree.map(lambda w, move: w - times(rate, move), weights, moves), state


def blended(share, old, new):
    """Return `share * old + (1 - share) * new`."""
    return times(share, old) + times(1 - share, new)


def times(number, array):
    """Return the product in the array's precision, whatever the number's."""
    return jnp.asarray(number, array.dtype) * array
