"""The JAX backend for gankit; does not import JAX, because listing backends imports this module."""

import gankit
from gankit.contract import CAPABILITIES, Backend


def build(problem):
    """Return a trainer for `problem`; imports JAX."""
    from gankit.functional import trainer

    from gankit_jax.framework import Jax

    return trainer(problem, Jax(problem.precision, problem.device))


def inspect():
    """Return JAX's version and devices on this machine; imports JAX."""
    import jax

    return {"jax": jax.__version__, "devices": ", ".join(map(str, jax.devices()))}


@gankit.hookimpl
def gankit_backends():
    """Return the backend `jax`."""
    able = CAPABILITIES - {"native", "exact-blocks", "mixed", "distributed"}
    yield Backend("jax", ("jax",), build, able, api=1, remedy="pip install jax", inspect=inspect)
