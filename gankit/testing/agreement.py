"""Compare sets of arrays, by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gankit.contract import State


def assert_close(found: State, wanted: State, bound: float) -> None:
    """Fail unless each array of `found` is within `bound` of the array of that name in `wanted`.

    For each array, max |found - wanted| <= bound * max(1, max |wanted|).

    Parameters
    ----------
    found, wanted
        Arrays by name; names, shapes and dtypes must be equal.
    bound
        At least 0.
    """
    _assert_same_layout(found, wanted)
    differences = {}
    for name in wanted:
        distance = _distance(found[name], wanted[name])
        if not distance <= bound:  # Also nan.
            differences[name] = f"by {distance:.2g}"
    assert not differences, f"differ by more than {bound:g}: {_listed(differences)}"


def assert_identical(found: State, wanted: State) -> None:
    """Fail unless `found` and `wanted` have the same names, shapes, dtypes and bits."""
    _assert_same_layout(found, wanted)
    differences = {
        name: f"by {_distance(found[name], wanted[name]):.2g}" for name in differing(found, wanted)
    }
    assert not differences, f"bits differ: {_listed(differences)}"


def differing(found: State, wanted: State) -> set[str]:
    """Return the names in both states whose arrays differ in a bit."""
    common = found.keys() & wanted.keys()
    return {name for name in common if found[name].tobytes() != wanted[name].tobytes()}


def layout(state: State) -> dict[str, str]:
    """Return each array's dtype and shape, as "float32 (3, 2)"."""
    return {name: f"{array.dtype} {array.shape}" for name, array in state.items()}


def _assert_same_layout(found: State, wanted: State) -> None:
    have, want = layout(found), layout(wanted)
    differences = {
        name: f"(got {have.get(name, 'no array')}; expected {want.get(name, 'no array')})"
        for name in sorted(have.keys() | want.keys())
        if have.get(name) != want.get(name)
    }
    assert not differences, f"arrays differ: {_listed(differences)}"


def _distance(found: NDArray[np.generic], wanted: NDArray[np.generic]) -> float:
    """Return max |found - wanted| / max(1, max |wanted|); NaN if any number is NaN."""
    if not wanted.size:
        return 0.0
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    return float(np.max(np.abs(a - b)) / max(1.0, np.max(np.abs(b))))


def _listed(differences: Mapping[str, str], limit: int = 5) -> str:
    shown = [f"{name} {difference}" for name, difference in list(differences.items())[:limit]]
    more = len(differences) - limit
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
