"""The JAX backend for gankit; imports no JAX, for gankit loads it only to list what is there."""

import gankit
from gankit.contract import Backend

CAPABILITIES = frozenset({
    "float32", "float64", "average", "conv", "norm", "labels", "input-gradients",
})  # fmt: skip


def build(problem):
    """Return a trainer for `problem`; imports JAX."""
    from gankit_jax.trainer import Trainer

    return Trainer(problem)


def inspect():
    """Return what JAX says of itself here; imports it."""
    import jax

    return {"jax": jax.__version__, "devices": ", ".join(map(str, jax.devices()))}


@gankit.hookimpl
def gankit_backends():
    """Offer the backend `jax`."""
    remedy = "pip install jax"
    yield Backend("jax", ("jax",), build, CAPABILITIES, api=1, remedy=remedy, inspect=inspect)
