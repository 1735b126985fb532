"""Backends that break one promise each, and the clauses that must catch them.

As a plugin it offers them all by name, which is how a process of its own finds one.
"""

from gankit import hookimpl
from tests.saboteurs import (
    average,
    calls,
    exports,
    formulas,
    labels,
    layers,
    mixed,
    native,
    offers,
    optimizers,
    penalties,
    running,
    runs,
    states,
    updates,
    views,
    whole,
)
from tests.saboteurs.honest import HONEST, native_pair
from tests.saboteurs.saboteur import SABOTEURS, Saboteur

__all__ = ["HONEST", "SABOTEURS", "Saboteur", "native_pair"]
PARTS = (
    average,
    calls,
    exports,
    formulas,
    labels,
    layers,
    mixed,
    native,
    offers,
    optimizers,
    penalties,
    running,
    runs,
    states,
    updates,
    views,
    whole,
)


@hookimpl
def gankit_backends():
    """Offer the honest backend and every saboteur."""
    yield HONEST
    for saboteur in SABOTEURS:
        if saboteur.presentable:
            yield saboteur.backend()
