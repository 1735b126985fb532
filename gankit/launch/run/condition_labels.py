"""Labels that are vectors, as a user gives them for generated images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gankit.conditions import Condition, scaled, spread
from gankit.contract import LabelVectors
from gankit.errors import ConfigError, UnknownName, shown
from gankit.launch.run.given_numbers import given_numbers

ConditionValues: TypeAlias = Mapping[str, Any]
"""Values of conditions by name: a number for all images, or `(n,)` of them."""


def condition_labels(conditions: Sequence[Condition], n: int, given: object) -> LabelVectors:
    """Return the scaled `(n, d)` labels of `n` images, checked.

    Parameters
    ----------
    conditions
        The columns of the labels.
    n
        Number of images.
    given
        As of `given_labels`. Conditions without values are spread over their ranges.

    Raises
    ------
    ConfigError
        As of `given_labels`.
    """
    found = given_labels(conditions, n, given)
    return scaled(conditions, np.where(np.isnan(found), spread(conditions, n), found))


def given_labels(conditions: Sequence[Condition], n: int, given: object) -> LabelVectors:
    """Return the `(n, d)` labels of `n` images in the units of the data, NaN if not given.

    Parameters
    ----------
    conditions
        The columns of the labels.
    n
        Number of images.
    given
        Values by name, for some or all conditions; `(n, d)` or `(d,)` numbers; or None.

    Raises
    ------
    ConfigError
        A condition is unknown, or the labels have another shape or are not finite numbers.
    """
    made = np.full((n, len(conditions)), np.nan)
    if isinstance(given, Mapping):
        by_name = {condition.name: number for number, condition in enumerate(conditions)}
        for name, values in given.items():
            if name not in by_name:
                raise UnknownName("condition", str(name), sorted(by_name))
            numbers = given_numbers(f"labels.{name}", values)
            if numbers.shape not in ((), (n,)):
                raise ConfigError(
                    f"labels.{name}: got the shape {numbers.shape}; expected a number, or {n} of "
                    "them"
                )
            made[:, by_name[name]] = numbers
    elif given is not None:
        if isinstance(given, str | int | float | np.number):
            first = conditions[0]
            raise ConfigError(
                f"labels: got {shown(given)}; expected values by name, such as "
                f"{{{first.name!r}: {first.high:g}}} or --label {first.name}={first.high:g}: the "
                "run's labels are vectors"
            )
        numbers = given_numbers("labels", given)
        if numbers.shape not in ((len(conditions),), made.shape):
            names = ", ".join(condition.name for condition in conditions)
            raise ConfigError(
                f"labels: got the shape {numbers.shape}; expected {made.shape}, a column for each "
                f"of {names}; or values by name: {{{conditions[0].name!r}: "
                f"{conditions[0].high:g}}}"
            )
        made[...] = numbers
    return made
