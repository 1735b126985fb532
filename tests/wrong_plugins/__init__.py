"""Losses and data sets with one fault each, and the clauses that must find it.

As a plugin it offers the data sets by name, so that another process finds one.
"""

from gankit import hookimpl
from tests.wrong_plugins.datasets import CORRECT_DATASET, WRONG_DATASETS
from tests.wrong_plugins.losses import CORRECT_LOSSES, WRONG_LOSSES

__all__ = ["CORRECT_DATASET", "CORRECT_LOSSES", "WRONG_DATASETS", "WRONG_LOSSES"]


@hookimpl
def gankit_datasets():
    """Offer the data sets whose names are valid."""
    yield CORRECT_DATASET
    for wrong in WRONG_DATASETS:
        yield wrong.thing


@hookimpl
def gankit_losses():
    """Offer the losses whose names are valid."""
    for wrong in WRONG_LOSSES:
        if " " not in wrong.thing.name:
            yield wrong.thing
