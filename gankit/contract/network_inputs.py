"""The names of what networks take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gankit._utils.field_types import as_tuple
from gankit.terms import FAKE

NOISE, REAL, SOURCE = "noise", "real", "source"
GIVEN = (NOISE, REAL, SOURCE)
"""The values that a batch has."""
INPUTS: tuple[str, ...] = (NOISE,)
"""What a generator takes by default."""
IMAGE = "image"
"""The name of a discriminator's first input."""
SEES: Mapping[str, tuple[str, ...]] = {REAL: (REAL,), FAKE: (FAKE,)}
"""What a discriminator takes of each half by default."""


def as_sees(given: Any) -> Any:  # noqa: ANN401 - checked later.
    """Return what a discriminator sees with tuples of names; other values unchanged."""
    if not isinstance(given, Mapping):
        return given
    return {half: as_tuple(values) for half, values in given.items()}
