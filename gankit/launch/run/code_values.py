"""Values of a run's codes that a user gives, as columns of the noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.codes import Code
from gankit.contract import Array, Problem
from gankit.errors import ConfigError, UnknownName, shown
from gankit.launch.run.given_numbers import given_numbers

CodeValues: TypeAlias = Mapping[str, Any]
"""The values of codes by name: a number, or an array of `(n,)` or `(n, size)` numbers. Of a
categorical code, a category from 0 on, or `(n,)` of them."""


def code_values(problem: Problem, n: int, given: CodeValues) -> dict[str, Array]:
    """Return `(n, size)` float32 columns of the noise for each code that is given.

    A number is that of all columns of the code.

    Raises
    ------
    ConfigError
        A code is unknown, its values are not finite numbers, or their shape is another.
    """
    by_name = {code.name: code for code in problem.codes}
    if not isinstance(given, Mapping):
        raise ConfigError(f"codes: got {shown(given)}; expected values by name: {{'slant': 0.5}}")
    found = {}
    for name, values in given.items():
        if name not in by_name:
            raise UnknownName("code", name, sorted(by_name))
        found[name] = _columns(by_name[name], n, values)
    return found


def _columns(code: Code, n: int, values: object) -> Array:
    numbers = given_numbers(f"codes.{code.name}", values)
    if code.kind == "categorical":
        return _one_hot(code, n, numbers)
    if numbers.shape in ((), (n,)):
        rows = np.broadcast_to(numbers, (n,))[:, np.newaxis]
        return np.broadcast_to(rows, (n, code.size)).astype(np.float32)
    if numbers.shape == (n, code.size):
        return numbers.astype(np.float32)
    raise ConfigError(
        f"codes.{code.name}: got the shape {numbers.shape}; expected a number, {(n,)} or "
        f"{(n, code.size)}"
    )


def _one_hot(code: Code, n: int, numbers: NDArray[np.float64]) -> Array:
    if numbers.shape not in ((), (n,)):
        raise ConfigError(
            f"codes.{code.name}: got the shape {numbers.shape}; expected a category, or {n} of them"
        )
    wrong = numbers[(numbers != np.floor(numbers)) | (numbers < 0) | (numbers >= code.size)]
    if wrong.size:
        raise ConfigError(
            f"codes.{code.name}: got {wrong.flat[0]:g}; expected a whole number from 0 to "
            f"{code.size - 1}"
        )
    chosen = np.broadcast_to(numbers, (n,)).astype(np.int64)
    return np.eye(code.size, dtype=np.float32)[chosen]
