"""The JAX backend for gankit; imports no JAX, for gankit loads it only to list what is there."""

import gankit
from gankit.contract import CAPABILITIES, Backend


def build(problem):
    """Return a trainer for `problem`; imports JAX."""
    from gankit.functional import trainer

    from gankit_jax.framework import Jax

    return trainer(problem, Jax(problem.precision, problem.device))


def inspect():
    """Return what JAX says of itself here; imports it."""
    import jax

    return {"jax": jax.__version__, "devices": ", ".join(map(str, jax.devices()))}


@gankit.hookimpl
def gankit_backends():
    """Offer the backend `jax`."""
    able, remedy = CAPABILITIES - {"native", "exact-blocks", "mixed"}, "pip install jax"
    yield Backend("jax", ("jax",), build, able, api=1, remedy=remedy, inspect=inspect)
