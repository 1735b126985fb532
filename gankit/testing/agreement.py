"""Compare sets of arrays, by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gankit.contract import State


def assert_close(found: State, wanted: State, bound: float) -> None:
    """Fail unless each array of `found` is within `bound` of the one of that name in `wanted`.

    For each array, max |found - wanted| <= bound * max(1, max |wanted|).

    Parameters
    ----------
    found, wanted
        Arrays by name, of equal names, shapes and types.
    bound
        At least 0.
    """
    _assert_same_layout(found, wanted)
    off = {
        name: f"{distance:.2g} off"
        for name in wanted
        if not (distance := _distance(found[name], wanted[name])) <= bound
    }
    assert not off, f"farther apart than {bound:g}: {_listed(off)}"


def assert_identical(found: State, wanted: State) -> None:
    """Fail unless `found` and `wanted` hold the same names, shapes, types and bits."""
    _assert_same_layout(found, wanted)
    off = {
        name: f"{_distance(found[name], wanted[name]):.2g} off" for name in differing(found, wanted)
    }
    assert not off, f"not the same bits: {_listed(off)}"


def differing(found: State, wanted: State) -> set[str]:
    """Return the names in both states whose arrays differ in a bit."""
    common = found.keys() & wanted.keys()
    return {name for name in common if found[name].tobytes() != wanted[name].tobytes()}


def layout(state: State) -> dict[str, str]:
    """Return each array's type and shape, as "float32 (3, 2)"."""
    return {name: f"{array.dtype} {array.shape}" for name, array in state.items()}


def _assert_same_layout(found: State, wanted: State) -> None:
    have, want = layout(found), layout(wanted)
    off = {
        name: f"is {have.get(name, 'missing')}, must be {want.get(name, 'absent')}"
        for name in sorted(have.keys() | want.keys())
        if have.get(name) != want.get(name)
    }
    assert not off, f"not the same arrays: {_listed(off)}"


def _distance(found: NDArray[np.generic], wanted: NDArray[np.generic]) -> float:
    """Return max |found - wanted| / max(1, max |wanted|); NaN where a number is NaN."""
    if not wanted.size:
        return 0.0
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    return float(np.max(np.abs(a - b)) / max(1.0, np.max(np.abs(b))))


def _listed(faults: Mapping[str, str], most: int = 5) -> str:
    shown = [f"{name} {fault}" for name, fault in list(faults.items())[:most]]
    return ", ".join(shown) + (f" and {len(faults) - most} more" if len(faults) > most else "")
