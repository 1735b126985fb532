"""Backends that break one promise each, and the clauses that must reject them.

The package is also a plugin, so that another process finds each of them by its name.
"""

from gankit import hookimpl
from tests.wrong_backends import (
    augmentation,
    average,
    declarations,
    exports,
    features,
    followers,
    formulas,
    forward_passes,
    frozen,
    heads,
    label_vectors,
    labels,
    layers,
    logit_maps,
    long_runs,
    mixed_precision,
    native,
    noise_gradients,
    optimizers,
    passes,
    penalties,
    running_state,
    runs,
    several_processes,
    sources,
    states,
    updates,
    views,
)
from tests.wrong_backends.correct import CORRECT, native_pair
from tests.wrong_backends.out_of_step import OUT_OF_STEP
from tests.wrong_backends.wrong_backend import WRONG_BACKENDS, WrongBackend

__all__ = ["CORRECT", "WRONG_BACKENDS", "WrongBackend", "native_pair"]
PARTS = (
    augmentation,
    average,
    declarations,
    exports,
    features,
    followers,
    formulas,
    forward_passes,
    frozen,
    heads,
    label_vectors,
    labels,
    layers,
    logit_maps,
    long_runs,
    mixed_precision,
    native,
    noise_gradients,
    optimizers,
    passes,
    penalties,
    running_state,
    runs,
    several_processes,
    sources,
    states,
    updates,
    views,
)


@hookimpl
def gankit_backends():
    """Offer the correct backend and every wrong one."""
    yield CORRECT
    yield from OUT_OF_STEP
    for wrong_backend in WRONG_BACKENDS:
        if wrong_backend.listed:
            yield wrong_backend.backend()
