"""Numbers that a user gives for images of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError, shown


def given_numbers(place: str, values: object) -> NDArray[np.float64]:
    """Return finite numbers as an array; ConfigError, which begins with `place`, for others."""
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ConfigError(f"{place}: got {shown(values)}; expected numbers") from None
    if not (finite := np.isfinite(numbers)).all():
        raise ConfigError(f"{place}: got {numbers[~finite][0]}; expected finite numbers")
    return numbers
